//! Streams `chunks` chunks of `size` bytes each.

use std::convert::Infallible;

use fixture_guests::parameter;
use wasgi_guest::{Request, Response};

#[expect(clippy::needless_pass_by_value, reason = "a handler owns its request")]
fn handle(request: Request) -> Response {
    let chunks: u64 = parameter(&request, "chunks").unwrap_or(10);
    let size = parameter(&request, "size").unwrap_or(1024);
    Response::new(200)
        .header("content-type", "text/plain")
        .chunks((0..chunks).map(move |_| Ok::<_, Infallible>(vec![b'x'; size])))
}

wasgi_guest::export!(handle);
