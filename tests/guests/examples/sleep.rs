//! Sleeps for `ms`, an hour unless told: before the head, or after the first chunk (`in=body`).

use std::convert::Infallible;

use fixture_guests::{parameter, sleep_ms};
use wasgi_guest::{Request, Response};

#[expect(clippy::needless_pass_by_value, reason = "a handler owns its request")]
fn handle(request: Request) -> Response {
    let ms = parameter(&request, "ms").unwrap_or(3_600_000);
    let woke = move || {
        sleep_ms(ms);
        "woke\n"
    };
    if parameter::<String>(&request, "in").as_deref() != Some("body") {
        return Response::text(woke());
    }
    let first = std::iter::once("first\n");
    let chunks = first.chain(std::iter::once_with(woke));
    Response::text("").chunks(chunks.map(Ok::<_, Infallible>))
}

wasgi_guest::export!(handle);
