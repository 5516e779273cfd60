//! Answers with the status `code`.

use fixture_guests::parameter;
use wasgi_guest::{Request, Response};

#[expect(clippy::needless_pass_by_value, reason = "a handler owns its request")]
fn handle(request: Request) -> Response {
    Response::text("status\n").status(parameter(&request, "code").unwrap_or(200))
}

wasgi_guest::export!(handle);
