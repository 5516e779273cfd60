//! Answers with `mib` MiB in one piece.

use fixture_guests::parameter;
use wasgi_guest::{Request, Response};

#[expect(clippy::needless_pass_by_value, reason = "a handler owns its request")]
fn handle(request: Request) -> Response {
    let mib: usize = parameter(&request, "mib").unwrap_or(1);
    Response::new(200).body(vec![b'x'; mib * 1024 * 1024])
}

wasgi_guest::export!(handle);
