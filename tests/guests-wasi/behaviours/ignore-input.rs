//! Answers without reading the request's body.

use guest::{Reply, Request, Result};

async fn handle(_request: Request, reply: Reply) -> Result {
    reply.text("ignored\n").await
}

guest::export!(handle);
