//! Answers with the number of requests that this instance has had.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use wasgi_guest::{Request, Response};

static REQUESTS: AtomicU32 = AtomicU32::new(0);

fn handle(_: Request) -> Response {
    Response::text((REQUESTS.fetch_add(1, Relaxed) + 1).to_string())
}

wasgi_guest::export!(handle);
