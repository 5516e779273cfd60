//! Forgets its input, so that the host must clean up.

use guest::{Reply, Request, Result};

#[expect(clippy::mem_forget, reason = "it is what this guest does")]
async fn handle(request: Request, reply: Reply) -> Result {
    std::mem::forget(request.into_body());
    reply.text("leaked\n").await
}

guest::export!(handle);
