//! A middleware that answers by itself, and never calls what it wraps. It does not read the input.

use wasgi_guest::{Next, Request, Response};

fn handle(_: Request, _: Next) -> Response {
    Response::text("the middleware's answer\n")
}

wasgi_guest::middleware!(handle);
