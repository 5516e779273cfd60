//! The manifest: `wasgi.toml`, from its text to settings.
//!
//! Owns the checks that need to point at a line. What a key may hold is in `manifest/values`,
//! which keys there are in `manifest/file`.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use wasgi_gateway::{AppSettings, Dir};
use wasgi_server::Config;

use self::file::{AppTable, DirTable, File};
use self::source::Source;
use crate::address;
use crate::args::IsolationChoice;
use crate::failure::{Failure, reason};
use crate::mount;
use crate::plan::{PlannedApp, isolation};

mod file;
mod outbound;
mod source;
mod values;

/// What a manifest says.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// The addresses to listen on; none if it does not say.
    pub(crate) listen: Vec<SocketAddr>,
    /// The server's settings.
    pub(crate) server: Config,
    /// The apps, in the order of the manifest. There is one at least.
    pub(crate) apps: Vec<PlannedApp>,
}

/// Reads a manifest. `choice` overrides the isolation of each app.
pub(crate) fn read(path: &Path, choice: Option<IsolationChoice>) -> Result<Manifest, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::run_time(format!(
            "cannot read {}: {}",
            path.display(),
            reason(&error)
        ))
    })?;
    parse(&Source { path, text: &text }, choice)
}

fn parse(source: &Source<'_>, choice: Option<IsolationChoice>) -> Result<Manifest, Failure> {
    let file: File = toml::from_str(source.text).map_err(|error| source.unreadable(&error))?;
    if file.apps.is_empty() {
        return Err(source
            .whole("expected an [[app]] at least, got none")
            .hint("add `[[app]]` and below it `component = \"app.wasm\"`"));
    }
    let mut listen = Vec::new();
    if let Some(addresses) = &file.server.listen {
        if addresses.as_ref().is_empty() {
            return Err(source.usage(addresses.span(), "expected an address at least, got none"));
        }
        for address in addresses.as_ref() {
            let parsed = address::parse(address.as_ref())
                .map_err(|message| source.usage(address.span(), &message))?;
            listen.push(parsed);
        }
    }
    let default = Config::DEFAULT;
    let server = Config {
        limits: file.server.limits.resolve(),
        access_log: file
            .server
            .access_log
            .map_or(default.access_log, Into::into),
        drain: file
            .server
            .drain
            .map_or(default.drain, |values::Span(time)| time),
        ..default
    };
    let apps = file
        .apps
        .iter()
        .map(|app| resolve_app(source, app, choice))
        .collect::<Result<Vec<_>, _>>()?;
    refuse_twins(source, &file.apps, &apps)?;
    Ok(Manifest {
        listen,
        server,
        apps,
    })
}

fn resolve_app(
    source: &Source<'_>,
    app: &Spanned<AppTable>,
    choice: Option<IsolationChoice>,
) -> Result<PlannedApp, Failure> {
    let table = app.as_ref();
    let component = beside(source.path, table.component.as_ref());
    if !component.is_file() {
        let message = format!(
            "expected a component, but there is no file {}",
            component.display()
        );
        return Err(source.run_time(table.component.span(), &message));
    }
    let mount = match &table.path {
        None => String::new(),
        Some(path) => {
            mount::parse(path.as_ref()).map_err(|message| source.usage(path.span(), &message))?
        }
    };
    let name = match &table.name {
        Some(name) => name.as_ref().clone(),
        None => mount::stem(&component),
    };
    if name.is_empty() || name.chars().any(char::is_control) {
        let message = format!("expected a name without control characters, got {name:?}");
        return Err(source.usage(name_span(app), &message));
    }
    for arg in &table.args {
        refuse_nul(source, arg)?;
    }
    let settings = AppSettings {
        name,
        isolation: isolation(choice.or(table.isolation), table.reuse.resolve()),
        limits: table.limits.resolve(),
        env: resolve_env(source, table)?,
        args: table.args.iter().map(|arg| arg.as_ref().clone()).collect(),
        dirs: resolve_dirs(source, &table.dirs)?,
        cgi: table.cgi.resolve(),
    };
    let outbound = table
        .outbound
        .as_ref()
        .map(|outbound| outbound.resolve(source))
        .transpose()?;
    Ok(PlannedApp {
        mount,
        component,
        settings,
        outbound,
    })
}

fn resolve_env(source: &Source<'_>, table: &AppTable) -> Result<Vec<(String, String)>, Failure> {
    let mut env = Vec::new();
    for (name, value) in &table.env {
        let text = name.as_ref();
        if text.is_empty() || text.contains('=') || text.contains(char::is_control) {
            let message =
                format!("expected the name of a variable, without `=` or controls, got {text:?}");
            return Err(source.usage(name.span(), &message));
        }
        refuse_nul(source, value)?;
        env.push((text.clone(), value.as_ref().clone()));
    }
    Ok(env)
}

fn resolve_dirs(source: &Source<'_>, tables: &[DirTable]) -> Result<Vec<Dir>, Failure> {
    let mut seen = BTreeSet::new();
    let mut dirs = Vec::new();
    for table in tables {
        let guest = table.guest.as_ref();
        let trimmed = match guest.trim_end_matches('/') {
            "" => "/",
            path => path,
        };
        let absolute = guest.starts_with('/') && !guest.contains('\0');
        if !absolute || guest.split('/').any(|part| matches!(part, "." | "..")) {
            let message =
                format!("expected an absolute path such as \"/data\" without `..`, got {guest:?}");
            return Err(source.usage(table.guest.span(), &message));
        }
        if !seen.insert(trimmed) {
            let message = format!("the guest already has a folder at {guest:?}");
            return Err(source.usage(table.guest.span(), &message));
        }
        let host = beside(source.path, table.host.as_ref());
        if !host.is_dir() {
            let message = format!("expected a folder, but there is none at {}", host.display());
            return Err(source.run_time(table.host.span(), &message));
        }
        dirs.push(Dir {
            host,
            guest: trimmed.to_owned(),
            access: table.access.into(),
        });
    }
    Ok(dirs)
}

/// Refuses two apps with one mount or one name.
fn refuse_twins(
    source: &Source<'_>,
    tables: &[Spanned<AppTable>],
    apps: &[PlannedApp],
) -> Result<(), Failure> {
    for (index, app) in apps.iter().enumerate() {
        for earlier in &apps[..index] {
            let table = &tables[index];
            if app.mount == earlier.mount {
                let span = table
                    .as_ref()
                    .path
                    .as_ref()
                    .map_or(component_span(table), Spanned::span);
                let (path, name) = (mount::show(&app.mount), &earlier.settings.name);
                let message = format!("the app `{name}` is mounted at {path} already");
                return Err(source
                    .usage(span, &message)
                    .hint("give each app its own `path`"));
            }
            if app.settings.name == earlier.settings.name {
                let message = format!("an app has the name `{}` already", app.settings.name);
                return Err(source
                    .usage(name_span(table), &message)
                    .hint("give each app its own `name`"));
            }
        }
    }
    Ok(())
}

fn refuse_nul(source: &Source<'_>, text: &Spanned<String>) -> Result<(), Failure> {
    if text.as_ref().contains('\0') {
        return Err(source.usage(text.span(), "expected a text without NUL characters"));
    }
    Ok(())
}

fn name_span(app: &Spanned<AppTable>) -> Range<usize> {
    app.as_ref()
        .name
        .as_ref()
        .map_or(component_span(app), Spanned::span)
}

fn component_span(app: &Spanned<AppTable>) -> Range<usize> {
    app.as_ref().component.span()
}

/// A path of the manifest, which is relative to the manifest's folder.
fn beside(manifest: &Path, path: &Path) -> PathBuf {
    match manifest.parent() {
        Some(folder) => folder.join(path),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests;
