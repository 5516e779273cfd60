//! The manifest as it is written: one type a table, one field a key.
//!
//! Owns the keys. A key that is absent keeps the default of the crate that uses it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;
use wasgi_gateway::{Access, CgiForm, Limits, Reuse};
use wasgi_server::ConnectionLimits;

use super::outbound::OutboundTable;
use super::values::{Count, Size, Span};
use crate::args::{AccessLogChoice, IsolationChoice};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) server: ServerTable,
    #[serde(default, rename = "app")]
    pub(super) apps: Vec<Spanned<AppTable>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ServerTable {
    pub(super) listen: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) access_log: Option<AccessLogChoice>,
    pub(super) drain: Option<Span<0>>,
    pub(super) limits: ServerLimitsTable,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ServerLimitsTable {
    // hyper refuses to read heads into less than 8 KiB.
    request_head: Option<Size<8192>>,
    request_fields: Option<Count<1, MOST_FIELDS>>,
    head_wait: Option<Span<1>>,
    keep_alive: Option<Span<1>>,
    write_stall: Option<Span<1>>,
    connections: Option<Count<1, 1_000_000>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct AppTable {
    pub(super) name: Option<Spanned<String>>,
    pub(super) component: Spanned<PathBuf>,
    pub(super) path: Option<Spanned<String>>,
    pub(super) isolation: Option<IsolationChoice>,
    #[serde(default)]
    pub(super) args: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) reuse: ReuseTable,
    #[serde(default)]
    pub(super) limits: LimitsTable,
    #[serde(default)]
    pub(super) cgi: CgiTable,
    #[serde(default)]
    pub(super) env: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default, rename = "dir")]
    pub(super) dirs: Vec<DirTable>,
    pub(super) outbound: Option<OutboundTable>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ReuseTable {
    requests: Option<Count<1, { u32::MAX }>>,
    idle: Option<Span<1>>,
    memory: Option<Size<1>>,
    concurrency_per_instance: Option<Count<1, 10_000>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LimitsTable {
    memory: Option<Size<1>>,
    cpu: Option<Span<1>>,
    wall: Option<Span<1>>,
    idle: Option<Span<1>>,
    request_body: Option<Size<0>>,
    response_head: Option<Size<1>>,
    response_fields: Option<Count<1, MOST_FIELDS>>,
    // The gateway has room for that many instances at all.
    concurrency: Option<Count<1, 10_000>>,
    queue: Option<Count<0, 1_000_000>>,
    queue_wait: Option<Span<0>>,
    host_call: Option<Size<1>>,
    log: Option<Size<0>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct CgiTable {
    nph: bool,
}

impl CgiTable {
    pub(super) fn resolve(&self) -> CgiForm {
        if self.nph {
            CgiForm::Nph
        } else {
            CgiForm::Parsed
        }
    }
}

// The map of fields in the `http` crate ends at 32 768.
const MOST_FIELDS: u32 = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct DirTable {
    pub(super) host: Spanned<PathBuf>,
    pub(super) guest: Spanned<String>,
    #[serde(default)]
    pub(super) access: AccessChoice,
}

/// What a guest may do in a folder, as it is written.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AccessChoice {
    #[default]
    ReadOnly,
    ReadWrite,
}

impl From<AccessChoice> for Access {
    fn from(choice: AccessChoice) -> Self {
        match choice {
            AccessChoice::ReadOnly => Self::ReadOnly,
            AccessChoice::ReadWrite => Self::ReadWrite,
        }
    }
}

impl ServerLimitsTable {
    pub(super) fn resolve(&self) -> ConnectionLimits {
        let default = ConnectionLimits::DEFAULT;
        ConnectionLimits {
            request_head: self
                .request_head
                .map_or(default.request_head, |Size(bytes)| {
                    usize::try_from(bytes).unwrap_or(usize::MAX)
                }),
            request_fields: self.request_fields.map_or(default.request_fields, count),
            head_wait: self.head_wait.map_or(default.head_wait, |Span(time)| time),
            keep_alive: self
                .keep_alive
                .map_or(default.keep_alive, |Span(time)| time),
            write_stall: self
                .write_stall
                .map_or(default.write_stall, |Span(time)| time),
            connections: self.connections.map_or(default.connections, count),
        }
    }
}

impl ReuseTable {
    pub(super) fn resolve(&self) -> Reuse {
        let default = Reuse::DEFAULT;
        Reuse {
            requests: self
                .requests
                .map_or(default.requests, |Count(requests)| requests),
            idle: self.idle.map_or(default.idle, |Span(time)| time),
            memory: self.memory.map_or(default.memory, |Size(bytes)| bytes),
            concurrency: self
                .concurrency_per_instance
                .map_or(default.concurrency, count),
        }
    }
}

impl LimitsTable {
    pub(super) fn resolve(&self) -> Limits {
        let default = Limits::DEFAULT;
        Limits {
            memory: self.memory.map_or(default.memory, |Size(bytes)| bytes),
            cpu: self.cpu.map_or(default.cpu, |Span(time)| time),
            wall: self.wall.map_or(default.wall, |Span(time)| time),
            idle: self.idle.map_or(default.idle, |Span(time)| time),
            request_body: self
                .request_body
                .map_or(default.request_body, |Size(bytes)| bytes),
            response_head: self
                .response_head
                .map_or(default.response_head, |Size(bytes)| bytes),
            response_fields: self.response_fields.map_or(default.response_fields, count),
            concurrency: self.concurrency.map_or(default.concurrency, count),
            queue: self.queue.map_or(default.queue, count),
            queue_wait: self
                .queue_wait
                .map_or(default.queue_wait, |Span(time)| time),
            host_call: self
                .host_call
                .map_or(default.host_call, |Size(bytes)| bytes),
            log: self.log.map_or(default.log, |Size(bytes)| bytes),
        }
    }
}

pub(super) fn count<const MIN: u32, const MAX: u32>(Count(number): Count<MIN, MAX>) -> usize {
    usize::try_from(number).expect("the host's pointers have 32 bits at least")
}
