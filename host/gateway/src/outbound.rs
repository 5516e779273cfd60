//! Requests that guests make: the seam to whoever can open a socket, which the gateway cannot.

use std::any::Any;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;

/// The body of a request that a guest makes, and of the response to it.
pub type OutboundBody = UnsyncBoxBody<Bytes, OutboundError>;

/// A response on its way to the guest that asked for it. Dropping it ends the exchange.
pub type OutboundResponse =
    Pin<Box<dyn Future<Output = Result<Response<OutboundBody>, OutboundError>> + Send>>;

/// The place of a socket. Dropping it gives it back.
pub type OutboundPlace = Box<dyn Any + Send + Sync>;

/// Addresses on their way to the guest that asked for them.
pub type OutboundAddresses =
    Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, OutboundError>> + Send>>;

/// Sends the requests of one app's guests, to the hosts that the app was granted, and decides what
/// their sockets may connect to.
///
/// Whoever implements it decides what is granted, and bounds the time, the size and the number of
/// exchanges. The request's URI is absolute; its `host` field is set.
pub trait Outbound: Send + Sync {
    /// Sends a request.
    fn send(&self, request: Request<OutboundBody>, timeouts: OutboundTimeouts) -> OutboundResponse;

    /// Whether guests may connect TCP sockets by themselves, to whatever.
    fn grants_sockets(&self) -> bool;

    /// Takes a place for a socket, among all that the app has under way.
    fn place(&self) -> Result<OutboundPlace, OutboundError>;

    /// The addresses that a name, or an address in text, stands for, if a socket may connect there.
    fn resolve(&self, name: String) -> OutboundAddresses;

    /// Whether a socket may connect to an address.
    fn may_connect(&self, address: SocketAddr) -> bool;
}

/// How long a guest is willing to wait (`request-options` in `wasi:http/types`). The host's own
/// limits hold besides; none: only those.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboundTimeouts {
    /// For the connection.
    pub connect: Option<Duration>,
    /// For the response's head, once the request is sent.
    pub first_byte: Option<Duration>,
    /// For each next piece of the response's body.
    pub between_bytes: Option<Duration>,
}

/// Why a guest's request failed. The names are those of `error-code` in `wasi:http/types`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The app was not granted the request's scheme, host and port.
    #[error("the app was not granted {0}")]
    RequestDenied(String),
    /// The host's name stands for an address that is not granted.
    #[error("the address {0} was not granted")]
    AddressProhibited(IpAddr),
    /// The host's name is not known.
    #[error("the name cannot be resolved: {0}")]
    Dns(String),
    /// The connection was refused or cannot be made.
    #[error("the connection failed: {0}")]
    ConnectionRefused(String),
    /// The connection was not made in time.
    #[error("the connection took too long")]
    ConnectionTimeout,
    /// The connection broke off.
    #[error("the connection broke off: {0}")]
    ConnectionTerminated(String),
    /// The app has as many exchanges under way as it may.
    #[error("the app has {0} requests under way, as many as it may")]
    ConnectionLimitReached(usize),
    /// TLS failed, the certificate perhaps.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The response's head did not come in time.
    #[error("the response took too long")]
    ResponseTimeout,
    /// The next piece of the response's body did not come in time.
    #[error("the response's body took too long")]
    ReadTimeout,
    /// The request's body has more bytes than it may.
    #[error("the request's body is over {0} bytes")]
    RequestBodySize(u64),
    /// The response's body has more bytes than it may.
    #[error("the response's body is over {0} bytes")]
    ResponseBodySize(u64),
    /// The other side, or the guest, broke HTTP's rules.
    #[error("HTTP was broken: {0}")]
    Protocol(String),
}
