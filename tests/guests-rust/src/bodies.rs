//! The behaviours with bodies: read, and pulled.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use wasgi_guest::{Body, Request, Response};

use crate::parameter;

/// Streams the request's body back, and its trailers.
pub(crate) fn echo(request: Request) -> Response {
    let content_type = request.header("content-type").map(str::to_owned);
    let announced = request.header("trailer").map(str::to_owned);
    let input = Rc::new(RefCell::new(request.into_body()));
    let source = Rc::clone(&input);
    let chunks = std::iter::from_fn(move || source.borrow_mut().next());
    let mut response = Response::new(200).body(Body::chunks(chunks));
    if let Some(content_type) = content_type {
        response = response.header("content-type", content_type);
    }
    match announced {
        Some(names) => response.trailers(names.split(',').map(str::trim), move || {
            input.borrow_mut().trailers().unwrap_or_default()
        }),
        None => response,
    }
}

/// Reads `max` bytes of the body at most, and answers with how many there were.
pub(crate) fn length(mut request: Request) -> Response {
    let max = parameter(&request, "max", 1024 * 1024);
    match request.body().read_all(max) {
        Ok(body) => {
            let note = if body.contains(&0) { " with a NUL" } else { "" };
            Response::text(format!("{}{note}", body.len()))
        }
        Err(error) => error.into(),
    }
}

/// Streams `chunks` chunks of `size` bytes.
pub(crate) fn stream(request: &Request) -> Response {
    let chunks: u64 = parameter(request, "chunks", 10);
    let size = parameter(request, "size", 1024);
    let chunks = (0..chunks).map(move |_| Ok::<_, Infallible>(vec![b'x'; size]));
    Response::text("").chunks(chunks)
}

/// Streams `count` lines, and sleeps for `ms` before each.
#[expect(clippy::disallowed_methods, reason = "an instance answers one request")]
pub(crate) fn ticks(request: &Request) -> Response {
    let count: u64 = parameter(request, "count", 3);
    let pause = Duration::from_millis(parameter(request, "ms", 50));
    Response::text("").chunks((0..count).map(move |number| {
        thread::sleep(pause);
        Ok::<_, Infallible>(format!("tick {number}\n"))
    }))
}

/// Announces a trailer field and sends it.
pub(crate) fn trailers() -> Response {
    Response::text("")
        .chunks([Ok::<_, Infallible>("body\n")])
        .trailers(["x-checksum"], || [("x-checksum", "abc")])
}

/// Fails after the first chunk.
pub(crate) fn fail_mid_body() -> Response {
    Response::text("").chunks([Ok("first\n"), Err("told to fail")])
}
