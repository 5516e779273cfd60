//! What the fixtures of the WASI contracts share: reading a query, printing the facts of a request,
//! and ways to misbehave.
//!
//! `behaviours` holds each behaviour once, one a file. It is compiled once for each contract, with
//! that contract's library under the name `guest`: the crates beside this one, which offer the same
//! functions. What only one contract has lies in its own package's `examples`.
//!
//! Nothing here may call WASI beyond the standard library: that differs between the contracts.

mod outgoing;

use std::fmt;
use std::pin::pin;
use std::str::FromStr;
use std::task::{Context, Poll, Waker};

pub use outgoing::{Outgoing, case_name};

/// Header fields, or trailer fields: lower-case names with values of any bytes.
pub type Fields = Vec<(String, Vec<u8>)>;

/// The fields of a response that is plain text.
pub const TEXT: &[(&str, &[u8])] = &[("content-type", b"text/plain; charset=utf-8")];

/// Nobody reads the response any more.
#[derive(Clone, Copy, Debug)]
pub struct Closed;

/// How a fixture ends, and how each of its writes does.
pub type Result<T = ()> = std::result::Result<T, Closed>;

/// What every contract tells of a request.
pub struct Facts {
    /// The method as it was sent.
    pub method: String,
    /// The scheme: `http` or `https`.
    pub scheme: String,
    /// The name of the server, as the client named it.
    pub server_name: String,
    /// Its port, if the client named one.
    pub server_port: Option<String>,
    /// The whole path as it was sent, and the query.
    pub path_with_query: String,
    /// The header fields.
    pub headers: Fields,
}

impl Facts {
    /// Set the server's name and port from `NAME` or `NAME:PORT`.
    pub fn set_authority(&mut self, authority: &str) {
        let (name, port) = match authority.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
            _ => (authority, None),
        };
        self.server_name = name.to_owned();
        self.server_port = port.map(str::to_owned);
    }
}

/// A line a fact, named as in the environ of the gateway's own contract, then the header fields.
impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, query) = match self.path_with_query.split_once('?') {
            Some((path, query)) => (path, format!("some({query})")),
            None => (self.path_with_query.as_str(), "none".to_owned()),
        };
        let default_port = if self.scheme == "https" { "443" } else { "80" };
        let port = self.server_port.as_deref().unwrap_or(default_port);
        writeln!(f, "request-method={}", self.method)?;
        writeln!(f, "url-scheme={}", self.scheme)?;
        writeln!(f, "server-name={}", self.server_name)?;
        writeln!(f, "server-port={port}")?;
        writeln!(f, "path={path}")?;
        writeln!(f, "query-string={query}")?;
        for (name, value) in &self.headers {
            writeln!(f, "header {name}={}", String::from_utf8_lossy(value))?;
        }
        Ok(())
    }
}

/// The value of a query's parameter `name`, if it is there and has this type.
pub fn parameter<T: FromStr>(query: &str, name: &str) -> Option<T> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name)?.1.parse().ok()
}

/// The result of a future that never waits: in a contract whose calls block, none does.
pub fn block_on<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("every call of this contract blocks"),
    }
}

/// End in a trap, under a name that a backtrace shows.
#[inline(never)]
pub fn deliberate_trap() -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort();
}

/// Compute for ever, without a call to the host.
pub fn spin() -> ! {
    loop {
        std::hint::spin_loop();
    }
}
