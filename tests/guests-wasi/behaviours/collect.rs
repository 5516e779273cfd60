//! Reads all of the request's body and answers with its length, or with the error.

use guest::{Reply, Request, Result, TEXT};

async fn handle(request: Request, reply: Reply) -> Result {
    let mut input = request.into_body();
    let mut bytes = 0;
    while let Some(chunk) = input.read().await {
        bytes += chunk.len();
    }
    match input.finish().await {
        Ok(_) => reply.text(bytes.to_string()).await,
        Err(error) => {
            let mut body = reply.head(500, TEXT);
            body.write(format!("input error: {error}")).await?;
            body.finish().await;
            Ok(())
        }
    }
}

guest::export!(handle);
