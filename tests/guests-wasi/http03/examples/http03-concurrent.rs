//! Answers when as many requests as `together` says are under way in this instance at once, and
//! waits for them until then.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use guest::{Reply, Request, Result, sleep_ms};

static UNDER_WAY: AtomicU32 = AtomicU32::new(0);
static MOST: AtomicU32 = AtomicU32::new(0);

async fn handle(request: Request, reply: Reply) -> Result {
    let together = request.parameter("together").unwrap_or(2);
    let now = UNDER_WAY.fetch_add(1, Relaxed) + 1;
    MOST.fetch_max(now, Relaxed);
    while MOST.load(Relaxed) < together {
        sleep_ms(1).await;
    }
    let result = reply.text("together\n").await;
    UNDER_WAY.fetch_sub(1, Relaxed);
    result
}

guest::export!(handle);
