//! The SDKs of languages that cargo does not build: one program each has all behaviours by path,
//! and `wasgi build` makes it.
//!
//! What is asked of each is the same: `behaviours`. What is a language's own is in its file.

/// What every SDK must do.
#[macro_use]
mod behaviours;
/// A component alone on a host.
mod alone;
/// C: its own errors, C++, and core modules.
mod c;
/// CGI: examples of what has no SDK.
mod cgi;
/// JavaScript: the web's functions, the contract, and what is wrong with a source.
mod js;
/// Ruby: Rack, and what is wrong with a source.
mod ruby;
/// Zig: its own errors.
mod zig;
