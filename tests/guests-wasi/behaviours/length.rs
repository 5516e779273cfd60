//! Declares `declare` bytes and sends `send` bytes, in two chunks.

use guest::{Reply, Request, Result};

async fn handle(request: Request, reply: Reply) -> Result {
    let declare: usize = request.parameter("declare").unwrap_or(4);
    let send: usize = request.parameter("send").unwrap_or(4);
    let declared = declare.to_string();
    let mut body = reply.head(200, &[("content-length", declared.as_bytes())]);
    for size in [send / 2, send - send / 2] {
        body.write(vec![b'x'; size]).await?;
    }
    body.finish().await;
    Ok(())
}

guest::export!(handle);
