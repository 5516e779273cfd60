//! Sends one field twice, and a field whose value is not text.

use wasgi_guest::{Request, Response};

fn handle(_: Request) -> Response {
    Response::text("cookies\n")
        .header("set-cookie", "a=1")
        .header("set-cookie", "b=2")
        .header("x-bytes", [0xff, 0xfe])
}

wasgi_guest::export!(handle);
