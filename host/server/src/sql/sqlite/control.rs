//! Ends what takes too long or what nobody waits for any more.
//!
//! SQLite asks on its own thread, every few instructions; whoever waits says so from another.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// What a connection's thread and its session share.
#[derive(Clone)]
pub(super) struct Control {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    /// Cancelled when the session is gone.
    session: CancellationToken,
    /// When the statement that runs has to be done.
    deadline: Instant,
}

/// Why a statement was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It took too long.
    Time,
    /// The session is gone.
    Cancelled,
}

impl Control {
    pub(super) fn new() -> Self {
        let inner = Inner {
            session: CancellationToken::new(),
            deadline: Instant::now(),
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    /// Begins another session. Cancelling the token ends what it runs.
    pub(super) fn begin(&self) -> CancellationToken {
        let token = CancellationToken::new();
        self.lock().session = token.clone();
        token
    }

    /// The token of the session that runs.
    pub(super) fn session(&self) -> CancellationToken {
        self.lock().session.clone()
    }

    /// Gives what runs next so much time.
    pub(super) fn allow(&self, time: Duration) {
        self.lock().deadline = Instant::now() + time;
    }

    /// Whether what runs is to end.
    pub(super) fn end(&self) -> Option<End> {
        let inner = self.lock();
        if inner.session.is_cancelled() {
            return Some(End::Cancelled);
        }
        // Limit: SqlLimits::statement
        (inner.deadline <= Instant::now()).then_some(End::Time)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
