//! The server of wasgi: listeners, connections, routing and logs around the gateway.
//!
//! - [`bind`] opens a listener; [`Server::run`] serves on it until it is told to stop.
//! - `connection` speaks HTTP/1.1 on one socket and holds the client to its limits.
//! - `handler` is where a request is decided on: route, call, answer, log.
//! - [`OutboundClient`] sends the requests that guests make, to the hosts that they were granted.
//! - `access_log` writes a line a request; everything else goes through `tracing`.
//!
//! It knows the gateway by its API only and must never name the engine.

mod access_log;
mod activity;
mod answer;
mod config;
mod connection;
mod exchange;
mod handler;
mod hangup;
mod mounts;
mod outbound;
mod redirect;
mod server;
mod socket;
mod target;
mod upload;

pub use access_log::LOG_BYTES_MAX;
pub use config::{AccessLog, Config, ConnectionLimits};
pub use mounts::Mount;
pub use outbound::{Grant, GrantError, Network, OutboundClient, OutboundLimits, OutboundSettings};
pub use server::{Server, bind};
