//! Answers with the number of requests that this instance has had, and fails at those that say how:
//! `then` is `trap`, `fail`, `bad-response` or `sleep`.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use guest::{Reply, Request, Result, sleep_ms};

static REQUESTS: AtomicU32 = AtomicU32::new(0);

async fn handle(request: Request, reply: Reply) -> Result {
    let count = REQUESTS.fetch_add(1, Relaxed) + 1;
    let then: String = request.parameter("then").unwrap_or_default();
    match then.as_str() {
        "trap" => std::process::abort(),
        "fail" => {
            reply.fail("told to fail");
            return Ok(());
        }
        "bad-response" => return reply.head(99, &[]).write("never").await,
        "sleep" => sleep_ms(3_600_000).await,
        _ => {}
    }
    reply.text(count.to_string()).await
}

guest::export!(handle);
