//! Answers with a head that breaks a rule, chosen by `case`. Without the SDK, which would object.

#![cfg_attr(target_arch = "wasm32", expect(unsafe_code, reason = "generated code"))]

#[expect(clippy::mem_forget, reason = "generated code")]
mod bindings {
    wit_bindgen::generate!({ path: "../../wit", world: "application" });
}

use bindings::exports::wasgi::gateway::app::{Content, Guest, GuestBody, Response};
use bindings::wasgi::gateway::types::{Environ, Field, Input};

struct App;

impl Guest for App {
    type Body = NoBody;

    fn handle(environ: Environ, _: Input) -> Result<Response, String> {
        let query = environ.query_string.unwrap_or_default();
        let case = query.strip_prefix("case=").ok_or("no `case`")?;
        let (status, fields): (u16, &[(&str, &str)]) = match case {
            "status-99" => (99, &[]),
            "status-1000" => (1000, &[]),
            "newline" => (200, &[("x-split", "a\r\nset-cookie: stolen=1")]),
            "name" => (200, &[("two words", "x")]),
            "two-lengths" => (200, &[("content-length", "5"), ("content-length", "6")]),
            "hop-by-hop" => (200, HOP_BY_HOP),
            "bytes-length" => (200, &[("content-length", "3")]),
            "no-content-with-body" => (204, &[]),
            _ => return Err(format!("unknown case `{case}`")),
        };
        let field = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
        Ok(Response {
            status,
            headers: fields.iter().map(field).collect(),
            content: Content::Bytes(b"head\n".to_vec()),
        })
    }
}

const HOP_BY_HOP: &[(&str, &str)] = &[
    ("connection", "x-dropped"),
    ("keep-alive", "timeout=5"),
    ("transfer-encoding", "chunked"),
    ("upgrade", "websocket"),
    ("te", "trailers"),
    ("proxy-connection", "keep-alive"),
    ("x-kept", "yes"),
];

struct NoBody;

impl GuestBody for NoBody {
    fn next(&self) -> Result<Option<Vec<u8>>, String> {
        Ok(None)
    }

    fn trailers(&self) -> Vec<Field> {
        Vec::new()
    }
}

#[cfg(target_arch = "wasm32")]
bindings::export!(App with_types_in bindings);
