//! A middleware that does as its environment variable `DO` says: what a middleware may do, and what
//! the host must bear.

#![cfg_attr(target_arch = "wasm32", expect(unsafe_code, reason = "generated code"))]

#[cfg_attr(
    target_arch = "wasm32",
    expect(clippy::mem_forget, reason = "generated code")
)]
mod bindings {
    wit_bindgen::generate!({ path: "../../wit", world: "middleware" });
}

use std::cell::RefCell;

use bindings::exports::wasgi::gateway::app::{Body, Content, Guest, GuestBody, Response};
use bindings::wasgi::gateway::app as inner;
use bindings::wasgi::gateway::types::{Environ, Field, Input};
use fixture_guests::{deliberate_trap, spin};

thread_local! {
    static INPUT: RefCell<Option<Input>> = const { RefCell::new(None) };
    static BODY: RefCell<Option<inner::Body>> = const { RefCell::new(None) };
}

struct Wrap;

impl Guest for Wrap {
    type Body = Wrapped;

    #[expect(
        clippy::disallowed_methods,
        reason = "a guest's variables are its settings"
    )]
    fn handle(environ: Environ, input: Input) -> Result<Response, String> {
        let what = std::env::var("DO").unwrap_or_default();
        match what.as_str() {
            "answer" => Ok(text("mine\n")),
            "trap-before" => deliberate_trap(),
            "trap-after" => {
                let _inner = inner::handle(&environ, input);
                deliberate_trap()
            }
            "spin" => spin(),
            "ignore" => Ok(match inner::handle(&environ, input) {
                Ok(response) => passed(response, What::Pass),
                Err(error) => text(format!("error: {error}\n")),
            }),
            "header" => Ok(with_field(environ, input)?),
            "half" => {
                let first = input.read(3).map_err(|error| format!("{error:?}"))?;
                let mut response = passed(inner::handle(&environ, input)?, What::Pass);
                response.headers.push(("x-first".to_owned(), first));
                Ok(response)
            }
            "drop" => {
                drop(inner::handle(&environ, input)?);
                Ok(text("dropped\n"))
            }
            "one" => one(&environ, input),
            "again" => again(&environ, input),
            "bad-method" => refused(&environ, input, |environ| {
                environ.request_method = "G E T".to_owned();
            }),
            "bad-path" => refused(&environ, input, |environ| {
                environ.script_name = "shop".to_owned();
            }),
            "bad-field" => refused(&environ, input, |environ| {
                environ.headers.push(("x-a".to_owned(), b"a\nb".to_vec()));
            }),
            "rewrite" => Ok(passed(
                inner::handle(&rewritten(environ), input)?,
                What::Pass,
            )),
            "keep-input" => keep_input(&environ, input),
            "keep-body" => keep_body(&environ, input),
            "upper" => Ok(passed(inner::handle(&environ, input)?, What::Upper)),
            "trap-body" => Ok(passed(inner::handle(&environ, input)?, What::Trap)),
            "ignore-body" => Ok(passed(inner::handle(&environ, input)?, What::Ignore)),
            _ => Ok(passed(inner::handle(&environ, input)?, What::Pass)),
        }
    }
}

/// A field each way.
fn with_field(mut environ: Environ, input: Input) -> Result<Response, String> {
    environ
        .headers
        .push(("x-wrapped".to_owned(), b"yes".to_vec()));
    let mut response = passed(inner::handle(&environ, input)?, What::Pass);
    response
        .headers
        .push(("x-wrapped".to_owned(), b"too".to_vec()));
    Ok(response)
}

/// Everything of the environ that a middleware may decide on.
fn rewritten(environ: Environ) -> Environ {
    Environ {
        request_method: "PUT".to_owned(),
        url_scheme: "https".to_owned(),
        server_name: "other.example".to_owned(),
        server_port: 8443,
        script_name: "/a".to_owned(),
        path_info: "/b%20c".to_owned(),
        query_string: Some("d=e".to_owned()),
        server_protocol: "HTTP/1.0".to_owned(),
        remote: None,
        tls: None,
        request_id: "forged".to_owned(),
        route_parameters: vec![("id".to_owned(), "7".to_owned())],
        headers: environ.headers,
    }
}

/// Takes one chunk, drops the body and answers with the chunk.
fn one(environ: &Environ, input: Input) -> Result<Response, String> {
    match inner::handle(environ, input)?.content {
        inner::Content::Chunks(body) => Ok(text(body.next()?.unwrap_or_default())),
        _ => Ok(text("no chunks\n")),
    }
}

/// Goes on asking after the end.
fn again(environ: &Environ, input: Input) -> Result<Response, String> {
    let inner::Content::Chunks(body) = inner::handle(environ, input)?.content else {
        return Ok(text("no chunks\n"));
    };
    let mut lines = String::new();
    while let Ok(Some(_)) = body.next() {}
    for _ in 0..2 {
        lines.push_str(&match body.next() {
            Ok(None) => "end\n".to_owned(),
            Ok(Some(_)) => "chunk\n".to_owned(),
            Err(error) => format!("error: {error}\n"),
        });
    }
    Ok(text(lines))
}

/// Answers with the host's error to a request that it should not make.
fn refused(
    environ: &Environ,
    input: Input,
    change: impl FnOnce(&mut Environ),
) -> Result<Response, String> {
    let mut environ = environ.clone();
    change(&mut environ);
    match inner::handle(&environ, input) {
        Ok(_) => Err("the host took it".to_owned()),
        Err(error) => Ok(text(format!("error: {error}\n"))),
    }
}

/// Keeps the input of every second request, and hands it on at the one after.
fn keep_input(environ: &Environ, input: Input) -> Result<Response, String> {
    let Some(old) = INPUT.take() else {
        INPUT.set(Some(input));
        return Ok(text("kept\n"));
    };
    refused(environ, old, |_| {})
}

/// Keeps the body of every second request, and reads from it at the one after.
fn keep_body(environ: &Environ, input: Input) -> Result<Response, String> {
    let content = inner::handle(environ, input)?.content;
    let Some(old) = BODY.take() else {
        if let inner::Content::Chunks(body) = content {
            BODY.set(Some(body));
        }
        return Ok(text("kept\n"));
    };
    match old.next() {
        Ok(_) => Err("the host gave it".to_owned()),
        Err(error) => Ok(text(format!("error: {error} {}\n", old.trailers().len()))),
    }
}

fn text(text: impl Into<Vec<u8>>) -> Response {
    Response {
        status: 200,
        headers: vec![("content-type".to_owned(), b"text/plain".to_vec())],
        content: Content::Bytes(text.into()),
    }
}

/// A response handed on, its body changed.
fn passed(response: inner::Response, what: What) -> Response {
    Response {
        status: response.status,
        headers: response.headers,
        content: match response.content {
            inner::Content::Empty => Content::Empty,
            inner::Content::Bytes(bytes) if what == What::Upper => {
                Content::Bytes(bytes.to_ascii_uppercase())
            }
            inner::Content::Bytes(bytes) => Content::Bytes(bytes),
            inner::Content::Chunks(body) => Content::Chunks(Body::new(Wrapped(body, what))),
        },
    }
}

/// What becomes of a chunk.
#[derive(Clone, Copy, PartialEq)]
enum What {
    Pass,
    Upper,
    Trap,
    /// An error becomes the last chunk.
    Ignore,
}

struct Wrapped(inner::Body, What);

impl GuestBody for Wrapped {
    fn next(&self) -> Result<Option<Vec<u8>>, String> {
        let next = self.0.next();
        match self.1 {
            What::Pass => next,
            What::Upper => Ok(next?.map(|chunk| chunk.to_ascii_uppercase())),
            What::Trap => deliberate_trap(),
            What::Ignore => Ok(match next {
                Err(error) if error == "the body has failed before" => None,
                Err(error) => Some(format!("error: {error}\n").into_bytes()),
                Ok(next) => next,
            }),
        }
    }

    fn trailers(&self) -> Vec<Field> {
        self.0.trailers()
    }
}

#[cfg(target_arch = "wasm32")]
bindings::export!(Wrap with_types_in bindings);
