//! What a connection is doing and since when: written by its socket and its requests, read by its
//! watchdog.
//!
//! All of them run in the connection's one task; the atomics only let it move between threads.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::ConnectionLimits;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It waits for a request.
    Idle,
    /// Some of a request's head has come.
    Head,
    /// A request is being answered.
    Busy,
}

/// Which limit a client has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    KeepAlive,
    Head,
    Write,
}

/// The state of one connection.
#[derive(Debug)]
pub(crate) struct Activity {
    began: Instant,
    phase: AtomicU8,
    /// When the phase began, or the last bytes were written in it.
    since: AtomicU64,
    /// When a write began to wait for the client; zero if none does.
    blocked_since: AtomicU64,
    /// Whether all of the request's body has been read.
    body_read: AtomicBool,
    /// Whether the next response is the last.
    is_last: AtomicBool,
}

impl Activity {
    /// A connection that begins now.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            began: now,
            phase: AtomicU8::new(Phase::Idle as u8),
            since: AtomicU64::new(0),
            blocked_since: AtomicU64::new(0),
            body_read: AtomicBool::new(true),
            is_last: AtomicBool::new(false),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Relaxed) {
            0 => Phase::Idle,
            1 => Phase::Head,
            _ => Phase::Busy,
        }
    }

    /// Bytes have come.
    pub(crate) fn received(&self, now: impl FnOnce() -> Instant) {
        if self.phase() == Phase::Idle {
            self.enter(Phase::Head, now());
        }
    }

    /// A request's head is complete.
    pub(crate) fn request_began(&self, body_read: bool) {
        self.body_read.store(body_read, Relaxed);
        self.phase.store(Phase::Busy as u8, Relaxed);
    }

    /// All of a request's body has come.
    pub(crate) fn request_read(&self) {
        self.body_read.store(true, Relaxed);
    }

    /// Whether all of the request's body has come.
    pub(crate) fn is_request_read(&self) -> bool {
        self.body_read.load(Relaxed)
    }

    /// The connection is to end with the next response.
    pub(crate) fn end_with_next(&self) {
        self.is_last.store(true, Relaxed);
    }

    /// Whether the connection ends with the next response.
    pub(crate) fn ends_with_next(&self) -> bool {
        self.is_last.load(Relaxed)
    }

    /// A request is over.
    pub(crate) fn request_ended(&self, now: Instant) {
        self.enter(Phase::Idle, now);
    }

    /// The client took some of what was written.
    pub(crate) fn sent(&self, now: impl FnOnce() -> Instant) {
        if self.blocked_since.load(Relaxed) == 0 {
            return;
        }
        self.blocked_since.store(0, Relaxed);
        if self.phase() == Phase::Idle {
            self.since.store(self.stamp(now()), Relaxed);
        }
    }

    /// The client takes nothing at the moment.
    pub(crate) fn blocked(&self, now: impl FnOnce() -> Instant) {
        if self.blocked_since.load(Relaxed) == 0 {
            self.blocked_since.store(self.stamp(now()), Relaxed);
        }
    }

    /// The limit that is reached now, or when to look again.
    pub(crate) fn check(
        &self,
        limits: &ConnectionLimits,
        now: Instant,
    ) -> Result<Instant, Overdue> {
        let blocked_since = self.blocked_since.load(Relaxed);
        let (since, limit, overdue) = match self.phase() {
            // Limit: ConnectionLimits::write_stall
            _ if blocked_since > 0 => (blocked_since, limits.write_stall, Overdue::Write),
            // Limit: ConnectionLimits::keep_alive
            Phase::Idle => (
                self.since.load(Relaxed),
                limits.keep_alive,
                Overdue::KeepAlive,
            ),
            // Limit: ConnectionLimits::head_wait
            Phase::Head => (self.since.load(Relaxed), limits.head_wait, Overdue::Head),
            Phase::Busy => return Ok(now + limits.shortest()),
        };
        let deadline = self.began + Duration::from_millis(since) + limit;
        if deadline <= now {
            return Err(overdue);
        }
        // Another phase with a shorter limit may begin before this one's deadline.
        Ok(deadline.min(now + limits.shortest()))
    }

    fn enter(&self, phase: Phase, now: Instant) {
        self.phase.store(phase as u8, Relaxed);
        self.since.store(self.stamp(now), Relaxed);
    }

    /// Milliseconds since the connection began; one at least, as zero means "not at all".
    fn stamp(&self, now: Instant) -> u64 {
        u64::try_from((now - self.began).as_millis())
            .unwrap_or(u64::MAX)
            .max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ConnectionLimits = ConnectionLimits {
        head_wait: Duration::from_secs(1),
        write_stall: Duration::from_secs(2),
        keep_alive: Duration::from_secs(3),
        ..ConnectionLimits::DEFAULT
    };

    #[test]
    fn each_phase_has_its_limit() {
        let began = Instant::now();
        let after = |seconds| began + Duration::from_secs(seconds);
        let activity = Activity::new(began);
        assert!(activity.check(&LIMITS, after(2)).is_ok());
        assert_eq!(activity.check(&LIMITS, after(3)), Err(Overdue::KeepAlive));

        activity.received(|| after(3));
        assert!(activity.check(&LIMITS, after(3)).is_ok());
        activity.received(|| after(4));
        assert_eq!(activity.check(&LIMITS, after(4)), Err(Overdue::Head));

        activity.request_began(true);
        assert!(activity.check(&LIMITS, after(13)).is_ok());
        activity.request_ended(after(13));
        assert!(activity.check(&LIMITS, after(13)).is_ok());
    }

    #[test]
    fn a_client_that_takes_a_little_is_not_stalled() {
        let began = Instant::now();
        let after = |seconds| began + Duration::from_secs(seconds);
        let activity = Activity::new(began);
        activity.request_began(true);
        for second in 1..5 {
            activity.blocked(|| after(second));
            assert!(activity.check(&LIMITS, after(second + 1)).is_ok());
            activity.sent(|| after(second + 1));
        }
        activity.blocked(|| after(5));
        activity.blocked(|| after(6));
        assert_eq!(activity.check(&LIMITS, after(7)), Err(Overdue::Write));
    }
}
