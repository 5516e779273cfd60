//! Languages that `wasgi build` and `wasgi serve` compile: one program each has all behaviours by
//! path.
//!
//! What is asked of each is the same: `behaviours`. What is a language's own is in its file.

/// What every SDK must do.
#[macro_use]
mod behaviours;
/// A component alone on a host.
mod alone;
/// C: its own errors, C++, and core modules.
mod c;
/// JavaScript: the web's functions, the contract, and what is wrong with a source.
mod js;
/// Serving a folder of source: what is built, and built again.
mod served;
/// Zig: its own errors.
mod zig;
