//! Forgets its input, so that the host must clean up.

use wasgi_guest::{Request, Response};

#[expect(clippy::mem_forget, reason = "it is what this guest does")]
fn handle(request: Request) -> Response {
    std::mem::forget(request.into_body());
    Response::text("leaked\n")
}

wasgi_guest::export!(handle);
