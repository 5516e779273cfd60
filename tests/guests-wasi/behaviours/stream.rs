//! Streams `chunks` chunks of `size` bytes each.

use guest::{Reply, Request, Result, TEXT};

async fn handle(request: Request, reply: Reply) -> Result {
    let chunks: u64 = request.parameter("chunks").unwrap_or(10);
    let size = request.parameter("size").unwrap_or(1024);
    let chunk = vec![b'x'; size];
    let mut body = reply.head(200, TEXT);
    for _ in 0..chunks {
        body.write(&chunk).await?;
    }
    body.finish().await;
    Ok(())
}

guest::export!(handle);
