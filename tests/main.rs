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
/// The admin interface over its socket, and the commands that use it.
mod admin;
/// `wasgi build`: from source to a component, and what is wrong with a source.
mod build;
/// Compiled components, kept from one start to the next.
mod cache;
/// A client that leaves ends the guest that works for it.
mod cancel;
/// What only CGI has: redirects, status lines, variables, exit codes.
mod cgi;
/// `wasgi check`: all that is wrong at once, and what would be served.
mod check;
/// The command line: arguments, manifest, exit codes, messages.
mod cli;
/// Compiling in a process of its own, and its limits, hit.
mod compile;
/// The WIT files: every item is documented and versioned.
mod contract;
/// Keys that the host derives for its guests, and what that may cost.
mod crypto;
/// Apps in source: reloads, errors with their lines, what is granted.
mod dev;
/// The end of the host: what runs is finished, nothing new begins.
mod drain;
/// The engines that share the process: their room, and how it grows.
mod engines;
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
/// SDKs of languages: one program each that has all behaviours, built by `wasgi build`.
mod languages;
/// Apps that are loaded when they are asked for.
mod lazy;
/// Each limit, hit.
mod limits;
/// Files and manifests that change while they are served.
mod live;
/// Components that stand in front of others.
mod middleware;
/// Apps side by side.
mod neighbours;
/// `wasgi new`: projects from templates, and each command that they tell of.
mod new;
/// The requests that guests send: what they may reach, and each limit, hit.
mod outbound;
/// Apps in Python: the examples, as their visitors see them.
mod python;
/// Releases: deployed, kept, gone back to, and given a share of the requests.
mod releases;
/// The environ that a guest is given.
mod request;
/// The response that a guest gives, and what of it reaches the wire.
mod response;
/// Hosts, paths and patterns: which app answers what.
mod routing;
/// Databases that the host holds: what SQL does for guests, and what it may not.
mod sql;
/// Bodies in motion: chunks, backpressure, trailers.
mod streaming;
/// systemd: its sockets, and what it is told.
mod systemd;
/// The project's own rules on its sources.
mod tidy;
/// An instance's own `/tmp`: its quota, reached in every way, and that nothing stays of it.
mod tmp;
/// A host that is replaced by its successor while it serves.
mod upgrade;
