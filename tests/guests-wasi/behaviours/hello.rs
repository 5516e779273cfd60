//! Answers `hello` at once.

use guest::{Reply, Request, Result};

async fn handle(_: Request, reply: Reply) -> Result {
    reply.text("hello\n").await
}

guest::export!(handle);
