//! Goes on working for `ms` when its response is complete, and logs that it did.

use guest::{Reply, Request, Result, sleep_ms};

#[expect(clippy::print_stderr, reason = "it is what this guest does")]
async fn handle(request: Request, reply: Reply) -> Result {
    let ms = request.parameter("ms").unwrap_or(50);
    reply.text("answered\n").await?;
    sleep_ms(ms).await;
    eprintln!("worked on after the response");
    Ok(())
}

guest::export!(handle);
