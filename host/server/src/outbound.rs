//! Requests that guests make: to the hosts that their app was granted, and to no other address. The
//! same for sockets that they connect by themselves.
//!
//! - `grant` says which scheme, host and port an app may ask for, `address` which addresses its
//!   names may stand for, `sockets` what their own sockets may connect to; `policy` holds all for one
//!   app.
//! - `client` sends a request within its limits; `body` holds the bodies to theirs.
//! - `connector` opens connections, only to addresses that `policy` permits; `tls` and `stream` are
//!   what they are made of.
//!
//! Connections are pooled for each app alone. HTTP/1.1 only: a guest's few requests gain little
//! from HTTP/2. Redirects are the guest's to follow, and proxies of the environment are not used:
//! either would reach hosts that were not granted.

mod address;
mod body;
mod client;
mod connector;
mod failure;
mod fields;
mod grant;
mod idle;
mod policy;
mod settings;
mod sockets;
mod stream;
#[cfg(test)]
mod tests;
mod tls;

pub use address::Network;
pub use client::OutboundClient;
pub use grant::{Grant, GrantError};
pub use settings::{OutboundLimits, OutboundSettings};
pub use sockets::SocketGrant;
