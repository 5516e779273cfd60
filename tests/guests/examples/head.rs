//! Sends `fields` extra fields of `size` bytes each.

use fixture_guests::parameter;
use wasgi_guest::{Request, Response};

#[expect(clippy::needless_pass_by_value, reason = "a handler owns its request")]
fn handle(request: Request) -> Response {
    let fields = parameter(&request, "fields").unwrap_or(1);
    let size = parameter(&request, "size").unwrap_or(1);
    (0..fields).fold(Response::text("head\n"), |response, i| {
        response.header(format!("x-{i}"), vec![b'x'; size])
    })
}

wasgi_guest::export!(handle);
