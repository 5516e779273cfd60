//! The languages of `wasgi build` and `wasgi serve`: one program each has all behaviours by path.
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
/// Go: what is net/http's, CGI, and its own errors.
mod go;
/// JavaScript: the web's functions, the contract, and what is wrong with a source.
mod js;
/// A middleware in JavaScript, before an app in Rust.
mod middleware;
/// Python: what it has in common with the others. The rest is in `python`.
mod python;
/// Ruby: Rack, and what is wrong with a source.
mod ruby;
/// Rust: what it has in common with the others.
mod rust;
/// Serving a folder of source: what is built, and built again.
mod served;
/// JavaScript on StarlingMonkey: what an app has there, and what is wrong with a source.
mod starlingmonkey;
/// The table in the README of what each language does.
mod table;
/// What is said where a build's tools are not.
mod tools;
/// Zig: its own errors.
mod zig;
