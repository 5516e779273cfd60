//! Streams the request's body back as it comes, and its trailers if a `trailer` field announces
//! some. A body that breaks off breaks the response off.

use std::cell::RefCell;
use std::rc::Rc;

use wasgi_guest::{Body, Request, Response};

fn handle(request: Request) -> Response {
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

wasgi_guest::export!(handle);
