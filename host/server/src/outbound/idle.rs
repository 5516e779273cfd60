//! The timer of a wait that begins anew whenever something moves.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// Expires when nothing has moved for a time.
#[derive(Debug)]
pub(super) struct IdleTimer {
    limit: Duration,
    /// Made at the first wait, and used again for each next one.
    sleep: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

impl IdleTimer {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            sleep: None,
            waiting: false,
        }
    }

    /// Something moved: a next wait begins anew.
    pub(super) fn moved(&mut self) {
        self.waiting = false;
    }

    /// Nothing moves. Ready once that has been so for the limit.
    pub(super) fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let limit = self.limit;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(limit)));
        if !self.waiting {
            sleep.set(tokio::time::sleep(limit));
            self.waiting = true;
        }
        sleep.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::{Instant, advance};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_wait_begins_anew_when_something_moves() {
        let limit = Duration::from_secs(10);
        let mut timer = IdleTimer::new(limit);
        let began = Instant::now();
        let poll = |timer: &mut IdleTimer| {
            timer.poll_expired(&mut Context::from_waker(std::task::Waker::noop()))
        };
        assert!(poll(&mut timer).is_pending());
        advance(Duration::from_secs(9)).await;
        assert!(poll(&mut timer).is_pending());
        timer.moved();
        assert!(poll(&mut timer).is_pending());
        poll_fn(|cx| timer.poll_expired(cx)).await;
        assert_eq!(began.elapsed().as_secs(), 19);
    }
}
