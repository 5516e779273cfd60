//! Answers with `mib` MiB in one piece, or in as large ones as the contract takes.

use guest::{Reply, Request, Result};

async fn handle(request: Request, reply: Reply) -> Result {
    let mib: usize = request.parameter("mib").unwrap_or(1);
    reply.text(vec![b'x'; mib * 1024 * 1024]).await
}

guest::export!(handle);
