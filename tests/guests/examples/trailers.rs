//! Announces a trailer field and sends it.

use std::convert::Infallible;

use wasgi_guest::{Request, Response};

fn handle(_: Request) -> Response {
    Response::text("")
        .chunks([Ok::<_, Infallible>("body\n")])
        .trailers(["x-checksum"], || [("x-checksum", "abc")])
}

wasgi_guest::export!(handle);
