//! The integration suite: the real binary, real sockets, and guests of one behaviour each.
//!
//! It owns what a client, an operator and a guest can see from outside. What is true of one module
//! alone is tested in that module.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, and says where"
)]

#[macro_use]
mod support;
/// One table of behaviours, for every contract and both isolations.
#[macro_use]
mod parity;

/// What standard output says of each request.
mod access_log;
/// Compiled components, kept from one start to the next.
mod cache;
/// A client that leaves ends the guest that works for it.
mod cancel;
/// What only CGI has: redirects, status lines, variables, exit codes.
mod cgi;
/// The command line: arguments, manifest, exit codes, messages.
mod cli;
/// The WIT files: every item is documented and versioned.
mod contract;
/// The end of the host: what runs is finished, nothing new begins.
mod drain;
/// Each kind of failure: what the client sees, and what the log says.
mod errors;
/// The examples that the README shows, and their prebuilt copy.
mod examples;
/// HTTP/1.1 on the wire: connections, framing, and requests that are not valid.
mod http;
/// What only `wasi:http` 0.3 has: several requests in one instance.
mod http03;
/// What one request may know of another, and a guest of its host.
mod isolation;
/// Each limit, hit.
mod limits;
/// Apps side by side.
mod neighbours;
/// The requests that guests send: what they may reach, and each limit, hit.
mod outbound;
/// The environ that a guest is given.
mod request;
/// The response that a guest gives, and what of it reaches the wire.
mod response;
/// Bodies in motion: chunks, backpressure, trailers.
mod streaming;
/// The project's own rules on its sources.
mod tidy;
