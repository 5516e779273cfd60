//! Fails instead of answering.

use wasgi_guest::{Request, Response};

fn handle(_: Request) -> Result<Response, &'static str> {
    Err("told to fail")
}

wasgi_guest::export!(handle);
