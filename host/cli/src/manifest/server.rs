//! `[server]`: how the host serves, and how it keeps its apps.

use std::net::SocketAddr;
use std::path::Path;

use toml::Spanned;
use wasgi_server::{Config, ConnectionLimits};

use super::table::Table;
use crate::address;
use crate::args::AccessLogChoice;
use crate::plan::{CompileSettings, Hosting};

/// What `[server]` says.
pub(super) struct Server {
    pub(super) listen: Vec<SocketAddr>,
    pub(super) config: Config,
    /// Without the default app, which must be found among the apps first.
    pub(super) hosting: Hosting,
    pub(super) default: Option<Spanned<String>>,
}

/// Reads the table. `folder` is the manifest's.
pub(super) fn read(table: &mut Table<'_>, folder: &Path) -> Server {
    let default = Config::DEFAULT;
    let listen = listen(table);
    let config = Config {
        access_log: table
            .choice::<AccessLogChoice>("access-log")
            .map_or(default.access_log, Into::into),
        drain: table.time("drain", 0).unwrap_or(default.drain),
        limits: table.table("limits", limits),
        upgrade_wait: table
            .time("upgrade-wait", 1)
            .unwrap_or(default.upgrade_wait),
        ..default
    };
    let hosting = Hosting {
        state: table
            .text("state")
            .map(|state| folder.join(state.into_inner())),
        default: None,
        load: table.choice("load"),
        app_idle: table.time("app-idle", 1000),
        releases: table.count("releases", 1..=1000),
        compile: table.table("compile", compile),
    };
    Server {
        listen,
        config,
        hosting,
        default: table.text("default"),
    }
}

fn listen(table: &mut Table<'_>) -> Vec<SocketAddr> {
    let Some(addresses) = table.texts("listen") else {
        return Vec::new();
    };
    if table.is_empty_list("listen") {
        let message = "expected an address at least, got none";
        table.faults.wrong(&addresses.span(), message);
    }
    let addresses = addresses.get_ref().iter();
    addresses
        .filter_map(|address| {
            let parsed = address::parse(address.get_ref());
            table.faults.check(&address.span(), parsed)
        })
        .collect()
}

fn limits(table: &mut Table<'_>) -> ConnectionLimits {
    let default = ConnectionLimits::DEFAULT;
    ConnectionLimits {
        // hyper refuses to read heads into less than 8 KiB.
        request_head: table
            .size("request-head", 8192)
            .map_or(default.request_head, |bytes| {
                usize::try_from(bytes).unwrap_or(usize::MAX)
            }),
        request_fields: table.number("request-fields", 1..=FIELDS_MAX, default.request_fields),
        head_wait: table.time("head-wait", 1).unwrap_or(default.head_wait),
        keep_alive: table.time("keep-alive", 1).unwrap_or(default.keep_alive),
        write_stall: table.time("write-stall", 1).unwrap_or(default.write_stall),
        connections: table.number("connections", 1..=1_000_000, default.connections),
    }
}

fn compile(table: &mut Table<'_>) -> CompileSettings {
    CompileSettings {
        // Less is too little for the compiler itself.
        memory: table.size("memory", 64 << 20),
        cpu: table.time("cpu", 1000),
        wall: table.time("wall", 1000),
        processes: table.count("processes", 1..=64),
    }
}

/// The most fields of a head. The map of fields in the `http` crate ends at 32 768.
pub(super) const FIELDS_MAX: u32 = 10_000;
