//! Answers `hello` at once, with `content.bytes`.

use wasgi_guest::{Request, Response};

fn handle(_: Request) -> Response {
    Response::text("hello\n")
}

wasgi_guest::export!(handle);
