//! Fails after the first chunk.

use wasgi_guest::{Request, Response};

fn handle(_: Request) -> Response {
    Response::text("").chunks([Ok("first\n"), Err("told to fail")])
}

wasgi_guest::export!(handle);
