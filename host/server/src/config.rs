//! What an operator decides about the server as a whole.

use std::time::Duration;

/// The server's settings, resolved and immutable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// What a client may use.
    pub limits: ConnectionLimits,
    /// The form of the access log on standard output.
    pub access_log: AccessLog,
    /// Whether a client sees why a guest failed. For development only.
    pub expose_errors: bool,
    /// Time that running requests get to end after the server was told to stop.
    pub drain: Duration,
    /// Time that a process which is to take over gets to load its apps.
    pub upgrade_wait: Duration,
}

impl Config {
    /// The settings of a server that is told nothing else.
    pub const DEFAULT: Self = Self {
        limits: ConnectionLimits::DEFAULT,
        access_log: AccessLog::Combined,
        expose_errors: false,
        drain: Duration::from_secs(30),
        // Compiling many apps without a cache takes a while; nobody waits for it.
        upgrade_wait: Duration::from_secs(60),
    };
}

/// The form of the access log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessLog {
    /// The combined log format of the Apache HTTP server.
    Combined,
    /// One JSON object a line.
    Json,
    /// No access log.
    Off,
}

/// What one client connection may use, and how many there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Bytes of a request head: request line and fields.
    pub request_head: usize,
    /// Fields in a request head.
    pub request_fields: usize,
    /// Time from the first byte of a request head to its last.
    pub head_wait: Duration,
    /// Time that a connection stays open between two requests.
    pub keep_alive: Duration,
    /// Time in which a client must take some of a response that waits for it.
    pub write_stall: Duration,
    /// Connections open at one time. More wait in the listener's backlog.
    pub connections: usize,
}

impl ConnectionLimits {
    /// The limits of a server that is told nothing else.
    pub const DEFAULT: Self = Self {
        request_head: 64 * 1024,
        request_fields: 100,
        head_wait: Duration::from_secs(10),
        keep_alive: Duration::from_secs(60),
        write_stall: Duration::from_secs(30),
        connections: 16_384,
    };

    /// The shortest wait: how often a connection has to be looked at.
    pub(crate) fn shortest(&self) -> Duration {
        self.keep_alive.min(self.head_wait).min(self.write_stall)
    }
}
