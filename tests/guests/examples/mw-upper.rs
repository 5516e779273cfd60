//! A middleware that turns the response's body into upper case, chunk by chunk.

use wasgi_guest::{Body, Next, Request, Response, Result};

fn handle(request: Request, next: Next) -> Result<Response> {
    let upper = |chunk: Vec<u8>| chunk.to_ascii_uppercase();
    Ok(next
        .call(request)?
        .map_body(|body| Body::chunks(body.into_iter().map(move |chunk| chunk.map(upper)))))
}

wasgi_guest::middleware!(handle);
