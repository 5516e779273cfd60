//! The plan: everything that the arguments and the manifest decide, resolved and immutable.
//!
//! Owns the defaults and which source overrides which. It loads and binds nothing: see `serve`.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;
use wasgi_gateway::{AppSettings, Isolation, Reuse};
use wasgi_server::{AccessLog, Config, OutboundSettings, Redirect, Route, SqlSettings};

use crate::args::{AccessLogChoice, IsolationChoice, ServeArgs};
use crate::failure::{Failure, Failures, Place};
use crate::source::{self, PlannedSource};
use crate::targets::{self, Targets};

/// What `wasgi serve` does.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The addresses to listen on; none if nobody says: see `listeners`.
    pub(crate) listen: Vec<SocketAddr>,
    /// The server's settings.
    pub(crate) server: Config,
    /// How apps are kept.
    pub(crate) hosting: Hosting,
    /// The apps. No two share a route or a name.
    pub(crate) apps: Vec<PlannedApp>,
    /// The redirects. None has the route of an app.
    pub(crate) redirects: Vec<Redirect>,
    /// What the plan was read from.
    pub(crate) sources: Sources,
}

/// How the host keeps its apps. What is none has the default of whoever uses it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hosting {
    /// The folder of the releases and of what is known of the apps.
    pub(crate) state: Option<PathBuf>,
    /// The name of the app that answers what no route matches.
    pub(crate) default: Option<String>,
    /// When a component is loaded.
    pub(crate) load: Option<LoadChoice>,
    /// An app without requests for so long is let go.
    pub(crate) app_idle: Option<Duration>,
    /// Releases that are kept of each app.
    pub(crate) releases: Option<u32>,
    /// What compiling a component may take.
    pub(crate) compile: CompileSettings,
}

/// When a component is loaded, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LoadChoice {
    /// At the start.
    Eager,
    /// With the first request.
    Lazy,
}

/// What compiling a component may take. What is none has the gateway's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CompileSettings {
    /// Bytes of memory.
    pub(crate) memory: Option<u64>,
    /// Time of the CPU.
    pub(crate) cpu: Option<Duration>,
    /// Time.
    pub(crate) wall: Option<Duration>,
    /// Compilations at one time.
    pub(crate) processes: Option<u32>,
}

/// An app before it is loaded.
#[derive(Debug)]
pub(crate) struct PlannedApp {
    /// What it answers. There is one at least.
    pub(crate) routes: Vec<Route>,
    /// The file.
    pub(crate) component: PathBuf,
    /// Where a manifest names the file.
    pub(crate) place: Option<Place>,
    /// Its name, isolation, limits and capabilities.
    pub(crate) settings: AppSettings,
    /// Whom its guests may send requests to; none: nobody.
    pub(crate) outbound: Option<OutboundSettings>,
    /// The databases that its guests may use.
    pub(crate) sql: Vec<SqlSettings>,
    /// What stands in front of it, the outermost first.
    pub(crate) middleware: Vec<PlannedMiddleware>,
    /// The path within the app that tells whether it is well.
    pub(crate) health: Option<String>,
    /// Its share of the CPU beside other apps.
    pub(crate) weight: u32,
    /// What the machine lacks of the files and folders that the app names. A new app cannot be
    /// loaded without them; one that runs already can go on as it is.
    pub(crate) missing: Vec<Failure>,
    /// The source that it is served from. Until what that requires is there, the component is the
    /// folder of the source.
    pub(crate) source: Option<Box<PlannedSource>>,
}

/// A middleware before it is loaded. Nothing of the app's is granted to it.
#[derive(Debug)]
pub(crate) struct PlannedMiddleware {
    /// The file.
    pub(crate) component: PathBuf,
    /// Where a manifest names the file.
    pub(crate) place: Option<Place>,
    /// Its name, isolation, limits and capabilities.
    pub(crate) settings: AppSettings,
    /// Whom its guests may send requests to; none: nobody.
    pub(crate) outbound: Option<OutboundSettings>,
    /// The databases that its guests may use.
    pub(crate) sql: Vec<SqlSettings>,
    /// The source that it is served from, as for an app.
    pub(crate) source: Option<Box<PlannedSource>>,
}

impl PlannedApp {
    /// The component and the source of each middleware, the outermost first, and its own.
    pub(crate) fn programs(&self) -> impl Iterator<Item = (&Path, Option<&PlannedSource>)> {
        let middleware = self.middleware.iter();
        middleware
            .map(|one| (one.component.as_path(), one.source.as_deref()))
            .chain([(self.component.as_path(), self.source.as_deref())])
    }

    /// Whether it, or a middleware in front of it, is served from source.
    pub(crate) fn is_in_source(&self) -> bool {
        self.programs().any(|(_, source)| source.is_some())
    }
}

/// The files and folders that a plan was read from: when one of them changes, so may the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Sources {
    /// The manifest.
    pub(crate) manifest: Option<PathBuf>,
    /// The folders without a manifest. Components may come and go in them.
    pub(crate) folders: Vec<PathBuf>,
    /// The components of apps and middlewares, each once.
    pub(crate) components: Vec<PathBuf>,
    /// What says what the apps in source require.
    pub(crate) declarations: Vec<PathBuf>,
}

/// What was read, be it right or wrong.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The plan, without what is wrong.
    pub(crate) plan: Plan,
    /// What is wrong with the arguments and the manifest.
    pub(crate) wrong: Failures,
}

impl Plan {
    /// Reads the manifests and folders that the arguments name. It reads only, and may be called
    /// again when one of the sources has changed. What is missing is with each app.
    pub(crate) fn read(args: &ServeArgs) -> Reading {
        let Targets {
            apps,
            manifest,
            mut sources,
            mut wrong,
        } = targets::find(args);
        wrong.extend(twins(&apps));

        let mut components: Vec<_> = apps
            .iter()
            .flat_map(PlannedApp::programs)
            .filter(|(_, source)| source.is_none())
            .map(|(component, _)| component.to_owned())
            .collect();
        components.sort();
        components.dedup();
        sources.components = components;
        let in_source = apps.iter().filter_map(|app| app.source.as_deref());
        sources.declarations = in_source.flat_map(source::declarations).collect();
        let is_for_development = apps.iter().any(PlannedApp::is_in_source);

        let listen = if args.addr.is_empty() {
            manifest.listen
        } else {
            args.addr.clone()
        };
        let server = manifest.server;
        let server = Config {
            access_log: args.access_log.map_or(server.access_log, Into::into),
            expose_errors: args.expose_errors || is_for_development,
            ..server
        };
        let plan = Self {
            listen,
            server,
            hosting: manifest.hosting,
            apps,
            redirects: manifest.redirects,
            sources,
        };
        Reading { plan, wrong }
    }

    /// The most instances that are alive at one time, if every app is as busy as it may be.
    pub(crate) fn instances(&self) -> usize {
        let middleware = self.apps.iter().flat_map(|app| &app.middleware);
        self.apps
            .iter()
            .map(|app| &app.settings)
            .chain(middleware.map(|middleware| &middleware.settings))
            .map(|settings| settings.limits.concurrency)
            .sum()
    }
}

/// Two apps with one route or one name, of which one at least is a target: a manifest refuses its
/// own and shows the line.
fn twins(apps: &[PlannedApp]) -> Vec<Failure> {
    let mut routes = BTreeMap::new();
    let mut names = HashMap::new();
    let mut twins = Vec::new();
    for app in apps {
        let mut refuse = |earlier: &PlannedApp, what: String| {
            let (one, other) = (earlier.component.display(), app.component.display());
            let failure = Failure::usage(format!("{one} and {other} {what}"));
            twins.push(failure.hint("give each its own `path` and `name` in a wasgi.toml"));
        };
        let is_of_manifest = |app: &PlannedApp| app.place.is_some();
        let is_new = |earlier: &&PlannedApp| !(is_of_manifest(earlier) && is_of_manifest(app));
        let taken = app
            .routes
            .iter()
            .find_map(|route| routes.insert(route, app).map(|earlier| (route, earlier)));
        let name = &app.settings.name;
        let named = names.insert(name, app);
        if let Some((route, earlier)) = taken.filter(|(_, earlier)| is_new(earlier)) {
            refuse(earlier, format!("are both mounted at {route}"));
        } else if let Some(earlier) = named.filter(is_new) {
            refuse(earlier, format!("both have the name `{name}`"));
        }
    }
    twins
}

/// The name of the app in a file that has no other.
pub(crate) fn name_of(file: &Path) -> String {
    file.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .replace(char::is_control, "?")
}

/// The isolation that a choice stands for.
pub(crate) fn isolation(choice: Option<IsolationChoice>, reuse: Reuse) -> Isolation {
    match choice {
        None | Some(IsolationChoice::Request) => Isolation::Request,
        Some(IsolationChoice::Reuse) => Isolation::Reuse(reuse),
    }
}

impl From<AccessLogChoice> for AccessLog {
    fn from(choice: AccessLogChoice) -> Self {
        match choice {
            AccessLogChoice::Combined => Self::Combined,
            AccessLogChoice::Json => Self::Json,
            AccessLogChoice::Off => Self::Off,
        }
    }
}

#[cfg(test)]
mod tests;
