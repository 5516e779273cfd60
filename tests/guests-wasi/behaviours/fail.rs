//! Fails instead of answering.

use guest::{Reply, Request, Result};

async fn handle(_: Request, reply: Reply) -> Result {
    reply.fail("told to fail");
    Ok(())
}

guest::export!(handle);
