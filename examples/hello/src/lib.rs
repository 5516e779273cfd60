//! The smallest application: it answers every request with one line.

#![forbid(unsafe_code)]

use wasgi_guest::{Request, Response};

fn handle(_: Request) -> Response {
    Response::text("Hello from a WebAssembly component!\n")
}

wasgi_guest::export!(handle);
