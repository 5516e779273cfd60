//! Answers with a text that stands in its data, so that a test can make other versions of the file
//! by changing that: what it says, and whether it is well. Waits before it answers for `ms`.

use fixture_guests::{parameter, sleep_ms};
use wasgi_guest::{Request, Response};

/// Twenty-three bytes, which a test overwrites.
static TEXT: &str = "version-000000;healthy;";

#[expect(clippy::needless_pass_by_value, reason = "a handler owns its request")]
fn handle(request: Request) -> Response {
    // Otherwise the compiler might decide on what the text says now.
    let text = std::hint::black_box(TEXT);
    if let Some(ms) = parameter(&request, "ms") {
        sleep_ms(ms);
    }
    let response = Response::text(format!("{text}\n"));
    if request.path() == "/health" && !text.ends_with(";healthy;") {
        return response.status(500);
    }
    response
}

wasgi_guest::export!(handle);
