//! Keeps the first request's input, and reads from it at the second request.

use std::cell::RefCell;

use fixture_guests::name;
use wasgi_guest::{Input, Request, Response};

thread_local! {
    static KEPT: RefCell<Option<Input>> = const { RefCell::new(None) };
}

fn handle(request: Request) -> Response {
    let Some(mut old) = KEPT.take() else {
        KEPT.set(Some(request.into_body()));
        return Response::text("kept\n");
    };
    match old.read_chunk() {
        Ok(bytes) => Response::text(bytes),
        Err(error) => Response::text(format!("error: {}", name(&error))),
    }
}

wasgi_guest::export!(handle);
