//! A middleware that hands everything on: the request, the response's head, each chunk.

#![cfg_attr(target_arch = "wasm32", expect(unsafe_code, reason = "generated code"))]

#[cfg_attr(
    target_arch = "wasm32",
    expect(clippy::mem_forget, reason = "generated code")
)]
mod bindings {
    wit_bindgen::generate!({ path: "../../wit", world: "middleware" });
}

use bindings::exports::wasgi::gateway::app::{Body, Content, Guest, GuestBody, Response};
use bindings::wasgi::gateway::app as inner;
use bindings::wasgi::gateway::types::{Environ, Field, Input};

struct Pass;

/// The body of what is wrapped: one of the export's type has to be made of it.
struct Wrapped(inner::Body);

impl Guest for Pass {
    type Body = Wrapped;

    fn handle(environ: Environ, input: Input) -> Result<Response, String> {
        let response = inner::handle(&environ, input)?;
        Ok(Response {
            status: response.status,
            headers: response.headers,
            content: match response.content {
                inner::Content::Empty => Content::Empty,
                inner::Content::Bytes(bytes) => Content::Bytes(bytes),
                inner::Content::Chunks(body) => Content::Chunks(Body::new(Wrapped(body))),
            },
        })
    }
}

impl GuestBody for Wrapped {
    fn next(&self) -> Result<Option<Vec<u8>>, String> {
        self.0.next()
    }

    fn trailers(&self) -> Vec<Field> {
        self.0.trailers()
    }
}

#[cfg(target_arch = "wasm32")]
bindings::export!(Pass with_types_in bindings);
