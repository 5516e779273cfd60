//! The gateway as a library: middleware before apps of every contract, with real guests and without
//! a server.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on is to fail there"
)]

/// Whose error it is when one of the two fails, and what becomes of it.
mod failing;
/// CPU time, places, time and depth: each app has its own.
mod limits;
/// Requests and responses on their way through.
mod passing;
/// Instances that serve several requests.
mod reuse;
/// Apps, requests and answers.
mod support;
