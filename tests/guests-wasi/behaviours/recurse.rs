//! Recurses until the stack ends.

use std::hint::black_box;

use guest::{Reply, Request, Result};

#[expect(unconditional_recursion, reason = "it is what this guest does")]
fn recurse(depth: u64) -> u64 {
    black_box(recurse(black_box(depth + 1)) + 1)
}

async fn handle(_: Request, reply: Reply) -> Result {
    reply.text(recurse(0).to_string()).await
}

guest::export!(handle);
