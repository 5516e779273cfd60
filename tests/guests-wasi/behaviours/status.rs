//! Answers with the status `code`.

use guest::{Reply, Request, Result, TEXT};

async fn handle(request: Request, reply: Reply) -> Result {
    let mut body = reply.head(request.parameter("code").unwrap_or(200), TEXT);
    body.write("status\n").await?;
    body.finish().await;
    Ok(())
}

guest::export!(handle);
