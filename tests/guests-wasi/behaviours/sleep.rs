//! Sleeps for `ms`, an hour unless told: before the head, or after the first chunk (`in=body`).

use guest::{Reply, Request, Result, TEXT, sleep_ms};

async fn handle(request: Request, reply: Reply) -> Result {
    let ms = request.parameter("ms").unwrap_or(3_600_000);
    if request.parameter::<String>("in").as_deref() != Some("body") {
        sleep_ms(ms).await;
        return reply.text("woke\n").await;
    }
    let mut body = reply.head(200, TEXT);
    body.write("first\n").await?;
    sleep_ms(ms).await;
    body.write("woke\n").await?;
    body.finish().await;
    Ok(())
}

guest::export!(handle);
