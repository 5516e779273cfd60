//! The manifest: `wasgi.toml`, from its text to plans.
//!
//! Owns the order of the reading and its bound. All faults are found in one reading: what is TOML
//! is told by `syntax`, what a table may hold by the module of the table, and a table's keys are
//! read by `table`, which notes each fault in `faults` and goes on.

use std::fs::File;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::path::Path;

use toml::Spanned;
use toml::de::DeTable;
use wasgi_server::{Config, Redirect};

use self::app::Apps;
use self::faults::{Faults, Wrong};
use self::source::Source;
use self::table::Table;
use self::twins::Twins;
use crate::args::IsolationChoice;
use crate::failure::{Failure, Failures, reason};
use crate::plan::{Hosting, PlannedApp};
use crate::units::Bytes;

pub(crate) use self::app::WEIGHT;
pub(crate) use self::build::{BuildTable, SourceApp};

mod app;
mod build;
mod faults;
mod grants;
mod outbound;
mod redirect;
mod server;
mod source;
mod sql;
mod syntax;
mod table;
mod twins;
mod values;

/// What a manifest says. Where it is wrong, it says nothing.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// The addresses to listen on; none if it does not say.
    pub(crate) listen: Vec<SocketAddr>,
    /// The server's settings.
    pub(crate) server: Config,
    /// How apps are kept.
    pub(crate) hosting: Hosting,
    /// The apps, in the order of the manifest.
    pub(crate) apps: Vec<PlannedApp>,
    /// The redirects, in the order of the manifest.
    pub(crate) redirects: Vec<Redirect>,
    /// How components are made of source.
    pub(crate) build: BuildTable,
    /// The apps that have source, in the order of the manifest.
    pub(crate) source_apps: Vec<SourceApp>,
    /// What is wrong with it. What the machine lacks of the files that it names is not: that is
    /// with each app.
    pub(crate) wrong: Failures,
}

/// Reads a manifest. `choice` overrides the isolation of each app; with `is_dev`, those that have
/// their source beside them are served from that, also where they were built.
pub(crate) fn read(path: &Path, choice: Option<IsolationChoice>, is_dev: bool) -> Manifest {
    match read_text(path) {
        Ok(text) => parse(&Source::new(path, &text), |table| {
            let manifest = parse_file(table, choice, is_dev);
            expect_apps(table);
            manifest
        }),
        Err(failure) => Manifest {
            wrong: failure.into(),
            ..Manifest::empty()
        },
    }
}

/// Reads what a manifest says of builds. It may have no apps; what it has must be right.
pub(crate) fn read_build(path: &Path) -> Result<(BuildTable, Vec<SourceApp>), Failures> {
    let text = read_text(path)?;
    let manifest = parse(&Source::new(path, &text), |table| {
        parse_file(table, None, false)
    });
    manifest.wrong.into_result()?;
    Ok((manifest.build, manifest.source_apps))
}

fn read_text(path: &Path) -> Result<String, Failure> {
    let name = path.display();
    let cannot = |error: &io::Error| format!("cannot read {name}: {}", reason(error));
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MANIFEST_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::run_time(cannot(&error)))?;
    // Limit: MANIFEST_BYTES_MAX
    if bytes.len() as u64 > MANIFEST_BYTES_MAX {
        return Err(Failure::usage(format!(
            "cannot use {name}: it has more than the {} that a manifest may have",
            Bytes(MANIFEST_BYTES_MAX)
        )));
    }
    String::from_utf8(bytes).map_err(|_| Failure::usage(cannot(&io::ErrorKind::InvalidData.into())))
}

/// Bytes of a manifest. 10 000 apps with a few keys each have room in it.
const MANIFEST_BYTES_MAX: u64 = 1024 * 1024;

fn parse(source: &Source<'_>, file: impl FnOnce(&mut Table<'_>) -> Manifest) -> Manifest {
    let faults = Faults::new(source);
    let mut manifest = Manifest::empty();
    if let Some(text) = syntax::readable(&faults)
        && let Ok(entries) = DeTable::parse(&text)
    {
        manifest = table::read(&faults, 0..0, entries.get_ref(), file);
    }
    Manifest {
        wrong: faults.finish(),
        ..manifest
    }
}

fn parse_file(table: &mut Table<'_>, choice: Option<IsolationChoice>, is_dev: bool) -> Manifest {
    let faults = table.faults;
    let folder = faults.source.path.parent().unwrap_or(Path::new(""));
    let server = table.table("server", |table| server::read(table, folder));
    let build = table.table("build", build::read);
    let mut twins = Twins::default();
    let mut source_apps = Vec::new();
    let mut apps = Apps {
        folder,
        choice,
        build: &build,
        is_dev,
        twins: &mut twins,
        source_apps: &mut source_apps,
    };
    let read = table.tables("app", |table| apps.read(table));
    let redirects = table
        .tables("redirect", |table| redirect::read(table, &mut twins))
        .into_iter()
        .flatten()
        .collect();
    // An app that could not be read may be the one.
    if read.iter().all(Option::is_some)
        && let Some(default) = &server.default
    {
        twins.expect_app(faults, default);
    }
    Manifest {
        listen: server.listen,
        server: server.config,
        hosting: Hosting {
            default: server.default.map(Spanned::into_inner),
            ..server.hosting
        },
        apps: read.into_iter().flatten().collect(),
        redirects,
        build,
        source_apps,
        wrong: Failures::default(),
    }
}

fn expect_apps(table: &Table<'_>) {
    // A project says how it is built, and is the app.
    if table.has("build") && !table.has("app") {
        return;
    }
    if !table.has("app") || table.is_empty_list("app") {
        let wrong = Wrong::from("expected an [[app]] at least, got none")
            .hint("add `[[app]]` and below it `component = \"app.wasm\"`");
        table.faults.absent(None, wrong);
    }
}

impl Manifest {
    /// What no manifest says.
    pub(crate) fn empty() -> Self {
        Self {
            listen: Vec::new(),
            server: Config::DEFAULT,
            hosting: Hosting::default(),
            apps: Vec::new(),
            redirects: Vec::new(),
            build: BuildTable::default(),
            source_apps: Vec::new(),
            wrong: Failures::default(),
        }
    }
}

#[cfg(test)]
mod tests;
