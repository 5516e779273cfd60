//! The server of wasgi: listeners, connections, routing and logs around the gateway.
//!
//! - [`bind`] opens a listener; [`Server::run`] serves on it until it is told to stop.
//! - `connection` speaks HTTP/1.1 on one socket and holds the client to its limits.
//! - `handler` is where a request is decided on: route, call, answer, log.
//! - [`OutboundClient`] sends the requests that guests make, to the hosts that they were granted.
//! - [`SqlSettings`] say which databases they were granted; `sql` holds the connections.
//! - [`Admin`] answers whoever operates the host, on a socket of its own.
//! - `access_log` writes a line a request; everything else goes through `tracing`.
//!
//! It knows the gateway by its API only and must never name the engine.

mod access_log;
mod activity;
mod admin;
mod answer;
mod apps;
mod config;
mod connection;
mod exchange;
mod handler;
mod hangup;
mod outbound;
mod redirect;
mod request_ids;
mod routes;
mod server;
mod socket;
mod split;
mod sql;
mod state;
mod target;
mod upload;
mod watch;

pub use access_log::LOG_BYTES_MAX;
pub use admin::{Admin, ErrorMessage, HostInfo, HostStatus, Rollback, Upgrade, connect_admin};
pub use apps::{
    AppSpec, AppStatus, ApplyError, Apps, AppsOptions, ChangeError, Desired, Load, ProgramSpec,
    Refused, ReleaseStatus, Reread, Share, Sources, SplitStatus, TroubleStatus, Watching, chain,
};
pub use config::{AccessLog, Config, ConnectionLimits};
pub use outbound::{
    Grant, GrantError, Network, OutboundClient, OutboundLimits, OutboundSettings, SocketGrant,
};
pub use routes::{
    Claim, Claimant, Conflict, Found, HostPattern, PATH_SEGMENTS_MAX, PathPattern,
    REDIRECT_STATUS_DEFAULT, Redirect, Route, RouteError, Routes, Target,
};
pub use server::{Server, Shutdown, bind};
pub use sql::{PostgresUrl, SqlLimits, SqlPassword, SqlSettings, SqlUrl, SqlUrlError};
pub use state::{
    Blob, Digest, HexError, Incoming, Origin, RELEASES_KEPT, RELEASES_KEPT_MAX, Record, Release,
    ReleaseError, ReleaseId, Split, State, StateError, Sticky,
};
pub use watch::SourceTree;
