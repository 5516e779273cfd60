//! Declares `declare` bytes and sends `send` bytes, in two chunks.

use std::convert::Infallible;

use fixture_guests::parameter;
use wasgi_guest::{Request, Response};

#[expect(clippy::needless_pass_by_value, reason = "a handler owns its request")]
fn handle(request: Request) -> Response {
    let declare: usize = parameter(&request, "declare").unwrap_or(4);
    let send: usize = parameter(&request, "send").unwrap_or(4);
    let chunks = [send / 2, send - send / 2].map(|size| Ok::<_, Infallible>(vec![b'x'; size]));
    Response::new(200)
        .header("content-length", declare.to_string())
        .chunks(chunks)
}

wasgi_guest::export!(handle);
