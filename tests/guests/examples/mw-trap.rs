//! A middleware that traps: before it calls what it wraps (`trap=before`), when that has answered
//! (`trap=after`), or after the first chunk of its body (`trap=mid-body`). Otherwise it hands on.

use fixture_guests::{deliberate_trap, parameter};
use wasgi_guest::{Body, Next, Request, Response, Result};

fn handle(request: Request, next: Next) -> Result<Response> {
    let place: Option<String> = parameter(&request, "trap");
    match place.as_deref() {
        Some("before") => deliberate_trap(),
        Some("after") => {
            drop(next.call(request)?);
            deliberate_trap()
        }
        Some("mid-body") => Ok(next.call(request)?.map_body(|body| {
            let first = body.into_iter().take(1);
            Body::chunks(first.chain(std::iter::from_fn(|| deliberate_trap())))
        })),
        _ => next.call(request),
    }
}

wasgi_guest::middleware!(handle);
