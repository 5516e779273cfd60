//! Computes for ever: before the head, after the first chunk (`in=body`), or for `ms` only.

use std::hint::black_box;
use std::time::{Duration, Instant};

use guest::{Reply, Request, Result, TEXT, spin};

async fn handle(request: Request, reply: Reply) -> Result {
    if let Some(ms) = request.parameter("ms") {
        let end = Instant::now() + Duration::from_millis(ms);
        while Instant::now() < end {
            (0..10_000).for_each(|i| _ = black_box(i));
        }
        return reply.text("done\n").await;
    }
    if request.parameter::<String>("in").as_deref() != Some("body") {
        spin()
    }
    let mut body = reply.head(200, TEXT);
    body.write("first\n").await?;
    spin()
}

guest::export!(handle);
