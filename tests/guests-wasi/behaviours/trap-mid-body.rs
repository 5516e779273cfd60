//! Traps when the first chunk has had time to reach the client.

use guest::{Reply, Request, Result, TEXT, deliberate_trap, sleep_ms};

async fn handle(_: Request, reply: Reply) -> Result {
    let mut body = reply.head(200, TEXT);
    body.write("first\n").await?;
    sleep_ms(100).await;
    deliberate_trap()
}

guest::export!(handle);
