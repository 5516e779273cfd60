//! When a change that was noticed is complete enough to be told.
//!
//! This is about times alone: it looks at no file.

use std::time::{Duration, Instant};

use super::stamp::Stamp;

/// A change that is not told yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pending {
    /// When it began.
    since: Instant,
    /// When it is told if nothing more happens.
    pub(super) due: Instant,
    pub(super) state: State,
}

/// What is waited for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Somebody writes, and will close the file.
    Writing,
    /// The file was closed or deleted; more may follow at once.
    Settling,
    /// Nobody says when it is closed: it must stay as it was.
    Quiet(Stamp),
}

impl Pending {
    /// Waits for the writer to close the file.
    ///
    /// Only a writer that has written nothing for so long is not waited for: a file that takes an
    /// hour to write is not complete before.
    pub(super) fn writing(before: Option<&Self>, now: Instant) -> Self {
        // Limit: SETTLE_MAX
        Self::new(before, now, now + SETTLE_MAX, State::Writing)
    }

    /// Waits for what else may follow, but not for ever: a file that is rewritten again and again
    /// is told now and then.
    pub(super) fn settling(before: Option<&Self>, now: Instant) -> Self {
        let since = before.map_or(now, |before| before.since);
        // Limit: SETTLE_MAX
        let due = (now + SETTLE).min(since + SETTLE_MAX).max(now);
        Self::new(before, now, due, State::Settling)
    }

    /// Waits for the file to stay as it is.
    pub(super) fn quiet(before: Option<&Self>, now: Instant, stamp: Stamp) -> Self {
        Self::new(before, now, now + QUIET, State::Quiet(stamp))
    }

    fn new(before: Option<&Self>, now: Instant, due: Instant, state: State) -> Self {
        let since = before.map_or(now, |before| before.since);
        Self { since, due, state }
    }

    /// Whether it is told now. What was closed together is told together, so that one that is
    /// almost due comes with one that is.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        match self.state {
            State::Settling => self.due <= now + SETTLE / 2,
            State::Writing | State::Quiet(_) => self.due <= now,
        }
    }
}

/// For several files of one copy, and for tools that write a file in several goes.
pub(super) const SETTLE: Duration = Duration::from_millis(20);

/// Where nobody tells that a file was closed.
pub(super) const QUIET: Duration = Duration::from_millis(500);

/// Longer than a writer pauses, and than anyone likes to wait for a change.
pub(super) const SETTLE_MAX: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_closed_again_and_again_is_told_in_the_end() {
        let start = Instant::now();
        let mut pending = Pending::settling(None, start);
        let mut now = start;
        while !pending.is_due(now) {
            now += SETTLE / 4;
            pending = Pending::writing(Some(&pending), now);
            assert!(!pending.is_due(now));
            pending = Pending::settling(Some(&pending), now);
            assert!(now <= start + SETTLE_MAX);
        }
        assert!(now >= start + SETTLE_MAX - SETTLE);
    }

    #[test]
    fn a_writer_that_goes_on_is_waited_for_and_one_that_stalls_is_not() {
        let start = Instant::now();
        let mut pending = Pending::writing(None, start);
        for second in 1..60 {
            let now = start + Duration::from_secs(second);
            assert!(!pending.is_due(now));
            pending = Pending::writing(Some(&pending), now);
        }
        let last = start + Duration::from_secs(59);
        assert!(!pending.is_due(last + SETTLE_MAX - SETTLE));
        assert!(pending.is_due(last + SETTLE_MAX));
    }

    #[test]
    fn files_that_are_closed_together_are_told_together() {
        let start = Instant::now();
        let first = Pending::settling(None, start);
        let second = Pending::settling(None, start + SETTLE / 4);
        let late = Pending::settling(None, start + SETTLE * 3 / 4);
        assert!(first.is_due(first.due));
        assert!(second.is_due(first.due));
        assert!(!late.is_due(first.due));
    }
}
