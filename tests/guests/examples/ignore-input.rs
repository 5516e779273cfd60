//! Answers without reading the request's body.

use wasgi_guest::{Request, Response};

fn handle(_: Request) -> Response {
    Response::text("ignored\n")
}

wasgi_guest::export!(handle);
