//! The thread that ticks the engines' epochs, so that a guest in a loop comes back to the host, and
//! has what the apps use reviewed.
//!
//! Owns the thread and its pauses. What happens at a tick is decided in `meter.rs`
//! and `account.rs`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::EngineWeak;

use crate::account::Accounts;
use crate::meter;

/// Time between two ticks: how long a guest can hold a thread before the host sees it again.
pub(crate) const TICK: Duration = Duration::from_millis(4);

/// Ticks without a running guest after which the thread pauses, so that an idle host does not wake.
const IDLE_TICKS: u32 = 250;

/// The ticking thread. It ends when the handle is dropped.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Default)]
struct Shared {
    engines: Mutex<Vec<EngineWeak>>,
    accounts: Accounts,
    /// A guest ran since the last tick.
    active: AtomicBool,
    /// The thread waits to be woken.
    paused: AtomicBool,
    /// The handle is gone.
    stopped: AtomicBool,
}

impl Ticker {
    /// Starts the thread. There is nothing to tick yet.
    pub(crate) fn start() -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let thread = thread::Builder::new().name("wasgi-ticker".into()).spawn({
            let shared = Arc::clone(&shared);
            move || tick(&shared)
        })?;
        Ok(Self {
            shared,
            thread: thread.thread().clone(),
        })
    }

    /// Ticks an engine's epoch, for as long as there is the engine.
    pub(crate) fn add(&self, engine: EngineWeak) {
        self.shared.lock().push(engine);
    }

    /// What the apps use.
    pub(crate) fn accounts(&self) -> &Accounts {
        &self.shared.accounts
    }

    /// Says that a guest is about to run, or still runs.
    ///
    /// The order matters: the thread declares its pause and then looks for activity, this declares
    /// activity and then looks for the pause, so one of the two sees the other.
    #[inline]
    pub(crate) fn keep_awake(&self) {
        if self.shared.active.load(Ordering::Relaxed) {
            return;
        }
        self.shared.active.store(true, Ordering::SeqCst);
        if self.shared.paused.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

impl Shared {
    /// Ticks the engines, and forgets those that are gone.
    fn increment_epochs(&self) {
        self.lock().retain(|engine| match engine.upgrade() {
            Some(engine) => {
                engine.increment_epoch();
                true
            }
            None => false,
        });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<EngineWeak>> {
        self.engines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tick(shared: &Shared) {
    let mut idle_ticks = 0;
    while !shared.stopped.load(Ordering::SeqCst) {
        thread::park_timeout(TICK);
        shared.increment_epochs();
        shared.accounts.review(meter::now());
        if shared.active.swap(false, Ordering::SeqCst) {
            idle_ticks = 0;
            continue;
        }
        idle_ticks += 1;
        if idle_ticks >= IDLE_TICKS {
            shared.paused.store(true, Ordering::SeqCst);
            while !shared.active.load(Ordering::SeqCst) && !shared.stopped.load(Ordering::SeqCst) {
                thread::park();
            }
            shared.paused.store(false, Ordering::SeqCst);
            idle_ticks = 0;
        }
    }
}
