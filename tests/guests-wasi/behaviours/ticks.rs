//! Streams `count` lines, and sleeps for `ms` before each.

use guest::{Reply, Request, Result, TEXT, sleep_ms};

async fn handle(request: Request, reply: Reply) -> Result {
    let count: u64 = request.parameter("count").unwrap_or(3);
    let ms = request.parameter("ms").unwrap_or(50);
    let mut body = reply.head(200, TEXT);
    for i in 0..count {
        sleep_ms(ms).await;
        body.write(format!("tick {i}\n")).await?;
    }
    body.finish().await;
    Ok(())
}

guest::export!(handle);
