//! Answers with what every contract tells of a request, a line for each fact, then the header fields.

use guest::{Reply, Request, Result};

async fn handle(request: Request, reply: Reply) -> Result {
    reply.text(request.facts().to_string()).await
}

guest::export!(handle);
