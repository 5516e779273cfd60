//! Traps after the first chunk.

use std::convert::Infallible;

use fixture_guests::deliberate_trap;
use wasgi_guest::{Request, Response};

fn handle(_: Request) -> Response {
    let first = std::iter::once(Ok::<_, Infallible>("first\n"));
    Response::text("").chunks(first.chain(std::iter::from_fn(|| deliberate_trap())))
}

wasgi_guest::export!(handle);
