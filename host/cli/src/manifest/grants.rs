//! What an app and a middleware have in common: a component, and what its guests are granted.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use toml::Spanned;
use wasgi_gateway::{Access, AppSettings, CgiForm, Dir, Limits, Reuse, WEIGHT_DEFAULT};
use wasgi_server::SqlSettings;

use super::server::FIELDS_MAX;
use super::table::Table;
use super::{outbound, sql, values};
use crate::args::IsolationChoice;
use crate::failure::Failure;
use crate::plan::{PlannedMiddleware, isolation};

/// Reads the shared keys of a table whose component was read already.
pub(super) struct Grants<'a> {
    /// The manifest's folder.
    pub(super) folder: &'a Path,
    /// Overrides the isolation.
    pub(super) choice: Option<IsolationChoice>,
    /// What the machine lacks.
    pub(super) missing: Vec<Failure>,
}

impl Grants<'_> {
    /// Reads them. `name_of` names what has no name, by its file.
    pub(super) fn read(
        &mut self,
        table: &mut Table<'_>,
        component: &Spanned<String>,
        name_of: impl FnOnce(&Path) -> String,
    ) -> PlannedMiddleware {
        let file = self.folder.join(component.get_ref());
        let name = table
            .text("name")
            .unwrap_or_else(|| Spanned::new(component.span(), name_of(&file)));
        let text = name.get_ref();
        if text.is_empty() || text.chars().any(char::is_control) {
            let message = format!("expected a name without control characters, got {text:?}");
            table.faults.wrong(&name.span(), message);
        }
        let choice = table.choice("isolation");
        let dirs = self.dirs(table);
        let args = table.texts("args").map(Spanned::into_inner);
        let reuse = table.table("reuse", reuse);
        let settings = AppSettings {
            // What an app and its middleware get is the app's to say.
            weight: WEIGHT_DEFAULT,
            name: name.into_inner(),
            isolation: isolation(self.choice.or(choice), reuse),
            limits: table.table("limits", limits),
            env: env(table),
            args: args
                .into_iter()
                .flatten()
                .map(Spanned::into_inner)
                .collect(),
            tmp: tmp(table, &dirs),
            dirs,
            crypto: table.flag("crypto").unwrap_or(true),
            cgi: CgiForm::Parsed,
        };
        let outbound = table
            .has("outbound")
            .then(|| table.table("outbound", outbound::read));
        PlannedMiddleware {
            component: file,
            place: Some(table.faults.source.place(&component.span())),
            settings,
            outbound,
            sql: self.databases(table),
            source: None,
        }
    }

    /// Notes a component that is not there.
    pub(super) fn expect_file(&mut self, table: &Table<'_>, component: &Spanned<String>) {
        let file = self.folder.join(component.get_ref());
        if !file.is_file() {
            let message = format!(
                "expected a component, but there is no file {}",
                file.display()
            );
            self.missing
                .push(table.faults.lacking(&component.span(), message));
        }
    }

    fn databases(&mut self, table: &mut Table<'_>) -> Vec<SqlSettings> {
        let (folder, mut seen) = (self.folder, BTreeSet::new());
        let read = table.tables("sql", |table| {
            sql::read(table, folder, &mut seen, &mut self.missing)
        });
        read.into_iter().flatten().collect()
    }

    fn dirs(&mut self, table: &mut Table<'_>) -> Vec<Dir> {
        let mut seen = BTreeSet::new();
        let dirs = table.tables("dir", |table| self.dir(table, &mut seen));
        dirs.into_iter().flatten().collect()
    }

    fn dir(&mut self, table: &mut Table<'_>, seen: &mut BTreeSet<String>) -> Option<Dir> {
        let host = table.required("host");
        let guest = table.required("guest");
        let access = match table.choice("access") {
            None | Some(AccessChoice::ReadOnly) => Access::ReadOnly,
            Some(AccessChoice::ReadWrite) => Access::ReadWrite,
        };
        let host = host.map(|host| self.folder_of_host(table, &host));
        let guest = guest.and_then(|guest| {
            let parsed = guest_path(guest.get_ref(), seen);
            table.faults.check(&guest.span(), parsed)
        });
        Some(Dir {
            host: host?,
            guest: guest?,
            access,
        })
    }

    fn folder_of_host(&mut self, table: &Table<'_>, host: &Spanned<String>) -> PathBuf {
        let path = self.folder.join(host.get_ref());
        if !path.is_dir() {
            let message = format!("expected a folder, but there is none at {}", path.display());
            self.missing
                .push(table.faults.lacking(&host.span(), message));
        }
        path
    }
}

/// What a guest may do in a folder, as it is written.
#[derive(Clone, Copy, ValueEnum)]
enum AccessChoice {
    ReadOnly,
    ReadWrite,
}

fn guest_path(guest: &str, seen: &mut BTreeSet<String>) -> Result<String, String> {
    let has_dots = guest.split('/').any(|part| matches!(part, "." | ".."));
    if !guest.starts_with('/') || has_dots {
        return Err(format!(
            "expected an absolute path such as \"/data\" without `..`, got {guest:?}"
        ));
    }
    let path = match guest.trim_end_matches('/') {
        "" => "/",
        path => path,
    };
    if !seen.insert(path.to_owned()) {
        return Err(format!("the guest already has a folder at {guest:?}"));
    }
    Ok(path.to_owned())
}

/// Bytes that an instance may have in a folder of its own.
fn tmp(table: &mut Table<'_>, dirs: &[Dir]) -> Option<u64> {
    let bytes = table.value("tmp", |value| values::size(value, 1))?;
    if dirs.iter().any(|dir| dir.guest == "/tmp") {
        let message = "the guest already has a folder at \"/tmp\": expected `tmp` or that `dir`";
        table.faults.wrong(&bytes.span(), message);
    }
    Some(bytes.into_inner())
}

fn env(table: &mut Table<'_>) -> Vec<(String, String)> {
    let mut env = Vec::new();
    for (name, value) in table.names("env") {
        let text = name.get_ref();
        if text.is_empty() || text.contains('=') || text.contains(char::is_control) {
            let message =
                format!("expected the name of a variable, without `=` or controls, got {text:?}");
            table.faults.wrong(&name.span(), message);
        }
        env.push((name.into_inner(), value.into_inner()));
    }
    env
}

fn reuse(table: &mut Table<'_>) -> Reuse {
    let default = Reuse::DEFAULT;
    Reuse {
        requests: table
            .count("requests", 1..=u32::MAX)
            .unwrap_or(default.requests),
        idle: table.time("idle", 1).unwrap_or(default.idle),
        memory: table.size("memory", 1).unwrap_or(default.memory),
        concurrency: table.number("concurrency-per-instance", 1..=10_000, default.concurrency),
        patience: default.patience,
    }
}

fn limits(table: &mut Table<'_>) -> Limits {
    let default = Limits::DEFAULT;
    Limits {
        memory: table.size("memory", 1).unwrap_or(default.memory),
        cpu: table.time("cpu", 1).unwrap_or(default.cpu),
        wall: table.time("wall", 1).unwrap_or(default.wall),
        idle: table.time("idle", 1).unwrap_or(default.idle),
        request_body: table
            .size("request-body", 0)
            .unwrap_or(default.request_body),
        response_head: table
            .size("response-head", 1)
            .unwrap_or(default.response_head),
        response_fields: table.number("response-fields", 1..=FIELDS_MAX, default.response_fields),
        // The gateway has room for that many instances at all.
        concurrency: table.number("concurrency", 1..=10_000, default.concurrency),
        queue: table.number("queue", 0..=1_000_000, default.queue),
        queue_wait: table.time("queue-wait", 0).unwrap_or(default.queue_wait),
        host_call: table.size("host-call", 1).unwrap_or(default.host_call),
        kdf_memory: table.size("kdf-memory", 0).unwrap_or(default.kdf_memory),
        log: table.size("log", 0).unwrap_or(default.log),
    }
}
