//! Computes for ever: before the head, after the first chunk (`in=body`), for `ms` only, or for
//! `rounds` of the same work, however long they take.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::{Duration, Instant};

use fixture_guests::{parameter, spin};
use wasgi_guest::{Request, Response};

#[expect(clippy::needless_pass_by_value, reason = "a handler owns its request")]
fn handle(request: Request) -> Response {
    if let Some(ms) = parameter(&request, "ms") {
        let end = Instant::now() + Duration::from_millis(ms);
        while Instant::now() < end {
            (0..10_000).for_each(|i| _ = black_box(i));
        }
        return Response::text("done\n");
    }
    if let Some(rounds) = parameter::<u64>(&request, "rounds") {
        (0..rounds).for_each(|i| _ = black_box(i));
        return Response::text("done\n");
    }
    if parameter::<String>(&request, "in").as_deref() != Some("body") {
        spin()
    }
    let first = std::iter::once(Ok::<_, Infallible>("first\n"));
    Response::text("").chunks(first.chain(std::iter::from_fn(|| spin())))
}

wasgi_guest::export!(handle);
