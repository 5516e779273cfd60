//! Where a long computation pauses: often enough to be ended soon and to let others compute.
//!
//! Owns the clock that it is charged by, and decides when it is given up.

use std::time::Duration;

use crate::meter::thread_cpu;
use crate::ticker::TICK;

/// Counts the steps of a computation and the CPU time that they take.
///
/// A step is a hash or a salsa of some 64 bytes. Made and used where the computation is polled.
pub(super) struct Pace {
    /// All steps of the computation.
    total: u64,
    done: u64,
    /// The steps after which the clock is read again.
    next: u64,
    /// Of the polls that have ended.
    used: u64,
    /// The thread's CPU clock when the running poll began, in nanoseconds.
    since: u64,
    /// What the request may still use.
    left: u64,
    limit: u64,
}

/// The computation was given up. It has used what it may, or would take about so long: more than
/// any request may.
#[derive(Debug)]
pub(super) struct Stopped(pub(super) Duration);

/// Steps between two looks at the clock, which is a system call: half a millisecond or less.
const STRIDE: u64 = 1024;

impl Pace {
    /// Begins a computation of so many steps. The request has so much CPU time left of its limit.
    pub(super) fn new(total: u64, left: Duration, limit: Duration) -> Self {
        Self {
            total,
            done: 0,
            next: STRIDE,
            used: 0,
            since: thread_cpu(),
            left: nanoseconds(left),
            limit: nanoseconds(limit),
        }
    }

    /// Counts steps that were done. Returns whether it is time to [`pause`](Self::pause).
    #[inline]
    pub(super) fn is_due(&mut self, steps: u64) -> bool {
        self.done += steps;
        self.done >= self.next
    }

    /// Lets others compute if the computation had its turn.
    pub(super) async fn pause(&mut self) -> Result<(), Stopped> {
        self.next = self.done + STRIDE;
        let used = self.used();
        let estimate = u128::from(used) * u128::from(self.total.max(self.done));
        let estimate = u64::try_from(estimate / u128::from(self.done)).unwrap_or(u64::MAX);
        // Limit: Limits::cpu
        // What is over twice the limit can never end well; what is measured may be that far off.
        let is_hopeless = used > nanoseconds(TICK) / 2 && estimate / 2 > self.limit;
        if used > self.left || is_hopeless {
            return Err(Stopped(Duration::from_nanos(estimate)));
        }
        if used - self.used >= nanoseconds(TICK) {
            self.used = used;
            tokio::task::yield_now().await;
            // The next poll may be on another thread.
            self.since = thread_cpu();
        }
        Ok(())
    }

    /// Nanoseconds of CPU time that the computation has used.
    pub(super) fn used(&self) -> u64 {
        self.used + thread_cpu().saturating_sub(self.since)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
