//! A middleware that answers 200 with the error's text if what it wraps fails: before the head, or
//! in the body, where the text is the last chunk.

use wasgi_guest::{Body, Error, Next, Request, Response};

fn handle(request: Request, next: Next) -> Response {
    match next.call(request) {
        Ok(response) => response.map_body(|body| {
            let chunks = body.into_iter();
            Body::chunks(chunks.map(|chunk| Ok::<_, Error>(chunk.unwrap_or_else(|e| swallow(&e)))))
        }),
        Err(error) => Response::text(swallow(&error)),
    }
}

fn swallow(error: &Error) -> Vec<u8> {
    format!("swallowed: {}\n", error.text()).into_bytes()
}

wasgi_guest::middleware!(handle);
