//! What an operator decides about one app's requests.

use std::time::Duration;

use wasgi_gateway::OutboundTimeouts;

use super::{Grant, Network, SocketGrant};

const MIB: u64 = 1024 * 1024;

/// Whom an app's guests may send requests to, and how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundSettings {
    /// The hosts.
    pub allow: Vec<Grant>,
    /// Where their sockets may connect to.
    pub sockets: Vec<SocketGrant>,
    /// Networks that their names may stand for although they are not public.
    pub private: Vec<Network>,
    /// The limits.
    pub limits: OutboundLimits,
}

/// What the requests of one app may use. Every limit is always on; a guest can shorten the times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundLimits {
    /// Time to resolve the name, connect and agree on TLS.
    pub connect: Duration,
    /// Time from the end of the request to the response's head.
    pub response: Duration,
    /// Time in which a body must move on: the guest makes or the host takes more of the request,
    /// the host sends more of the response.
    pub idle: Duration,
    /// Bytes of a request's body. It is streamed and never held as a whole.
    pub request_body: u64,
    /// Bytes of a response's body. It is streamed likewise.
    pub response_body: u64,
    /// Exchanges under way at one time, and sockets. An exchange ends with its bodies.
    pub concurrency: usize,
}

impl OutboundLimits {
    /// The limits of an app that asks for nothing else.
    pub const DEFAULT: Self = Self {
        connect: Duration::from_secs(5),
        response: Duration::from_secs(30),
        idle: Duration::from_secs(30),
        request_body: 16 * MIB,
        response_body: 64 * MIB,
        concurrency: 16,
    };

    /// The waits of one exchange, whose guest may want to wait less.
    pub(super) fn shortened(&self, timeouts: OutboundTimeouts) -> Waits {
        let shorter = |limit: Duration, wish: Option<Duration>| wish.unwrap_or(limit).min(limit);
        Waits {
            connect: shorter(self.connect, timeouts.connect),
            response: shorter(self.response, timeouts.first_byte),
            idle: shorter(self.idle, timeouts.between_bytes),
        }
    }
}

/// How long one exchange may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waits {
    /// For the connection.
    pub(super) connect: Duration,
    /// For the response's head, once the request is sent.
    pub(super) response: Duration,
    /// For each next piece of the response's body.
    pub(super) idle: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_only_shortens_waits() {
        let limits = OutboundLimits::DEFAULT;
        let waits = limits.shortened(OutboundTimeouts {
            connect: Some(Duration::ZERO),
            first_byte: Some(Duration::MAX),
            between_bytes: None,
        });
        let expected = Waits {
            connect: Duration::ZERO,
            response: limits.response,
            idle: limits.idle,
        };
        assert_eq!(waits, expected);
    }
}
