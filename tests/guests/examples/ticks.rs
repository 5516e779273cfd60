//! Streams `count` lines, and sleeps for `ms` before each.

use std::convert::Infallible;

use fixture_guests::{parameter, sleep_ms};
use wasgi_guest::{Request, Response};

#[expect(clippy::needless_pass_by_value, reason = "a handler owns its request")]
fn handle(request: Request) -> Response {
    let count: u64 = parameter(&request, "count").unwrap_or(3);
    let ms = parameter(&request, "ms").unwrap_or(50);
    Response::text("").chunks((0..count).map(move |i| {
        sleep_ms(ms);
        Ok::<_, Infallible>(format!("tick {i}\n"))
    }))
}

wasgi_guest::export!(handle);
