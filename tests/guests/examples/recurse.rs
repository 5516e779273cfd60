//! Recurses until the stack ends.

use std::hint::black_box;

use wasgi_guest::{Request, Response};

#[expect(unconditional_recursion, reason = "it is what this guest does")]
fn recurse(depth: u64) -> u64 {
    black_box(recurse(black_box(depth + 1)) + 1)
}

fn handle(_: Request) -> Response {
    Response::text(recurse(0).to_string())
}

wasgi_guest::export!(handle);
