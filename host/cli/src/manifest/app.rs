//! `[[app]]`: where an app answers, and what stands in front of it.

use std::ops::Range;
use std::path::{self, Path};

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use wasgi_gateway::CgiForm;
use wasgi_server::{HostPattern, PathPattern, Route};

use super::build::{BuildTable, SourceApp};
use super::grants::Grants;
use super::table::{self, Table};
use super::twins::Twins;
use super::values;
use crate::args::IsolationChoice;
use crate::plan::{PlannedApp, PlannedMiddleware, name_of};
use crate::source::{self, PlannedSource};

/// Reads the apps of a manifest, one after the other.
pub(super) struct Apps<'a> {
    /// The manifest's folder.
    pub(super) folder: &'a Path,
    /// Overrides the isolation of each.
    pub(super) choice: Option<IsolationChoice>,
    /// What `[build]` says.
    pub(super) build: &'a BuildTable,
    /// Prefers source to what was built of it.
    pub(super) is_dev: bool,
    /// The names and routes that are taken.
    pub(super) twins: &'a mut Twins,
    /// Those that have source.
    pub(super) source_apps: &'a mut Vec<SourceApp>,
}

impl Apps<'_> {
    /// Reads one. None: it has no component, and no source.
    pub(super) fn read(&mut self, table: &mut Table<'_>) -> Option<PlannedApp> {
        let mut grants = Grants {
            folder: self.folder,
            choice: self.choice,
            missing: Vec::new(),
        };
        // What is read without a component is read for its faults alone.
        let Program {
            component,
            source,
            place,
        } = self.program(table, &mut grants);
        let known = component
            .clone()
            .unwrap_or_else(|| Spanned::new(place.clone(), "unknown".to_owned()));
        let own = match &source {
            Some(source) => grants.read(table, &known, |_| source.project.name.clone()),
            // A folder such as `.` has its name only as a whole path.
            None => grants.read(table, &known, |file| match path::absolute(file) {
                Ok(file) => name_of(&file),
                Err(_) => name_of(file),
            }),
        };
        let name = own.settings.name.clone();
        let nph = table.table("cgi", |table| table.flag("nph").unwrap_or_default());
        let routes = routes(table, &place);
        let middleware = self.middleware(table, &mut grants, &name);
        let health = health(table);
        let weight = table.count("weight", 1..=10_000).unwrap_or(WEIGHT);
        component?;
        self.twins.add_app(table, &name, &place, &routes);

        let mut settings = own.settings;
        if nph {
            settings.cgi = CgiForm::Nph;
        }
        if let Some(source) = &source {
            source.adapt(&mut settings, self.choice);
        }
        Some(PlannedApp {
            routes: routes.into_iter().map(Spanned::into_inner).collect(),
            component: own.component,
            place: own.place,
            settings,
            outbound: own.outbound,
            sql: own.sql,
            middleware,
            health,
            weight,
            missing: grants.missing,
            source,
        })
    }

    /// Reads what an app is made of: a component, or source while there is none.
    fn program(&mut self, table: &mut Table<'_>, grants: &mut Grants<'_>) -> Program {
        let module = table.text("module");
        let folder = table.text("source");
        let Some(said) = module.as_ref().or(folder.as_ref()).map(Spanned::span) else {
            let component = table.required("component");
            if let Some(component) = &component {
                grants.expect_file(table, component);
            }
            let place = component.as_ref().map_or(table.span.clone(), Spanned::span);
            return Program {
                component,
                source: None,
                place,
            };
        };
        let component = table.text("component");
        let place = component.as_ref().map_or(said.clone(), Spanned::span);
        self.source_apps.push(SourceApp {
            module: module.clone().map(Spanned::into_inner),
            source: folder.clone().map_or(".".to_owned(), Spanned::into_inner),
            component: component.as_ref().map(|file| file.get_ref().into()),
        });
        let built = component.as_ref();
        let is_built = built.is_some_and(|file| self.folder.join(file.get_ref()).is_file());
        if is_built && !self.is_dev {
            return Program {
                component,
                source: None,
                place,
            };
        }
        let folder = folder.map_or(".".to_owned(), Spanned::into_inner);
        let settings = self
            .build
            .settings_of(self.folder, module.map(Spanned::into_inner));
        let found = source::find(&self.folder.join(&folder), settings);
        let found = found.map_err(|failure| {
            let at = table.faults.source.place(&said);
            grants.missing.push(failure.at(Some(at)));
        });
        Program {
            component: Some(Spanned::new(place.clone(), folder)),
            source: found.ok(),
            place,
        }
    }

    /// Reads the middleware in front of the app with this name, the outermost first.
    fn middleware(
        &mut self,
        table: &mut Table<'_>,
        grants: &mut Grants<'_>,
        app: &str,
    ) -> Vec<PlannedMiddleware> {
        let faults = table.faults;
        let empty = DeTable::new();
        let items = table.items("middleware");
        // Limit: MIDDLEWARE_MAX
        if let Some(item) = items.get(MIDDLEWARE_MAX) {
            let message = format!(
                "expected {MIDDLEWARE_MAX} middlewares in front of an app at most, got {}",
                items.len()
            );
            faults.wrong(&item.span(), message);
        }
        let mut read = |item: &Spanned<DeValue<'_>>| match item.get_ref() {
            DeValue::Table(entries) => table::read(faults, item.span(), entries, |table| {
                self.one_in_front(table, grants, app)
            }),
            DeValue::String(file) => {
                let component = Spanned::new(item.span(), file.as_ref().to_owned());
                table::read(faults, item.span(), &empty, |table| {
                    grants.expect_file(table, &component);
                    Some(grants.read(table, &component, |file| in_front(app, &name_of(file))))
                })
            }
            other => {
                let expected = "the name of a component or a table";
                faults.wrong(&item.span(), values::unexpected(expected, other));
                None
            }
        };
        items.iter().filter_map(&mut read).collect()
    }

    /// Reads one that has a table.
    fn one_in_front(
        &mut self,
        table: &mut Table<'_>,
        grants: &mut Grants<'_>,
        app: &str,
    ) -> Option<PlannedMiddleware> {
        let program = self.program(table, grants);
        let (component, source) = (program.component?, program.source);
        let own = grants.read(table, &component, |file| match &source {
            Some(source) => in_front(app, &source.project.name),
            None => in_front(app, &name_of(file)),
        });
        if source.as_ref().is_some_and(|source| !source.is_built()) {
            let message = "expected the source of a middleware, got that of an app in Python";
            table.faults.wrong(&program.place, message.to_owned());
        }
        Some(PlannedMiddleware { source, ..own })
    }
}

/// The name of what stands in front of an app and has no other.
fn in_front(app: &str, name: &str) -> String {
    format!("{app}/{name}")
}

/// What an app or a middleware is made of.
struct Program {
    /// The file; of an app in source, the source's folder.
    component: Option<Spanned<String>>,
    source: Option<Box<PlannedSource>>,
    /// What names it.
    place: Range<usize>,
}

/// The share of the CPU that an app gets beside others, if it does not say.
pub(crate) const WEIGHT: u32 = wasgi_gateway::WEIGHT_DEFAULT;

/// Each host with each path. `place` is pointed at where neither is written.
fn routes(table: &mut Table<'_>, place: &Range<usize>) -> Vec<Spanned<Route>> {
    let hosts: Vec<Option<Spanned<HostPattern>>> = if table.has("host") {
        patterns(table, "host").into_iter().map(Some).collect()
    } else {
        vec![None]
    };
    let paths = if table.has("path") {
        patterns::<PathPattern>(table, "path")
    } else {
        let root = "/".parse().expect("the root is a path");
        let at = match &hosts[..] {
            [Some(host), ..] => host.span(),
            _ => place.clone(),
        };
        vec![Spanned::new(at, root)]
    };
    // Limit: ROUTES_MAX
    if hosts.len() * paths.len() > ROUTES_MAX {
        let message = format!(
            "expected {ROUTES_MAX} routes of an app at most, got {} hosts with {} paths each",
            hosts.len(),
            paths.len()
        );
        table.faults.wrong(place, message);
        return Vec::new();
    }
    let with_host = |host: &Option<Spanned<HostPattern>>| {
        let host = host.as_ref().map(|host| host.get_ref().clone());
        let route = move |path: &Spanned<PathPattern>| {
            let (host, span) = (host.clone(), path.span());
            let path = path.get_ref().clone();
            Spanned::new(span, Route { host, path })
        };
        paths.iter().map(route).collect::<Vec<_>>()
    };
    hosts.iter().flat_map(with_host).collect()
}

/// Hosts times paths of one app.
const ROUTES_MAX: usize = 1000;

fn patterns<T>(table: &mut Table<'_>, key: &'static str) -> Vec<Spanned<T>>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let Some(texts) = table.text_or_texts(key) else {
        return Vec::new();
    };
    if table.is_empty_list(key) {
        let message = format!("expected a {key} at least, got none");
        table.faults.wrong(&texts.span(), message);
    }
    let texts = texts.get_ref().iter();
    texts
        .filter_map(|text| Some(Spanned::new(text.span(), table.parse(text)?)))
        .collect()
}

fn health(table: &mut Table<'_>) -> Option<String> {
    let path = table.text("health")?;
    let text = path.get_ref();
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    if !text.starts_with('/') || !text.bytes().all(is_plain) {
        let message = format!("expected a path such as \"/healthz\", got {text:?}");
        table.faults.wrong(&path.span(), message);
    }
    Some(path.into_inner())
}

/// Middlewares in front of one app. Each holds an instance while the ones behind it work.
const MIDDLEWARE_MAX: usize = 16;
