//! The threads of lower priority, and the turns that guests take on them.
//!
//! Owns the threads, and the way of a guest from one turn to the next; who is next is decided in
//! `turns.rs`. A guest has a turn for one poll: while it waits for anything else, it has none, and
//! nothing that runs within a turn waits for another.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;

use crate::meter::Meter;
use crate::turns::{Share, Turns};

/// The nice value of the background threads.
const BACKGROUND_NICE: i32 = 10;

/// The background threads. They start with the first guest that needs them.
#[derive(Debug, Default)]
pub(crate) struct Background {
    threads: OnceLock<Option<Threads>>,
}

impl Background {
    /// Lets a guest go on by itself, turn by turn. None: there are no threads, and there never will
    /// be any.
    pub(crate) fn threads(&self) -> Option<&Threads> {
        self.threads.get_or_init(|| Threads::start().ok()).as_ref()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // A runtime must not be dropped where blocking is not allowed, and its owner may be there.
        if let Some(threads) = self.threads.take().flatten() {
            threads.runtime.shutdown_background();
        }
    }
}

/// Threads and their turns.
#[derive(Debug)]
pub(crate) struct Threads {
    runtime: Runtime,
    turns: Arc<Mutex<Turns>>,
}

impl Threads {
    fn start() -> std::io::Result<Self> {
        let threads = available_parallelism()?.get();
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("wasgi-background")
            // A guest may have sockets and timers of the host.
            .enable_all()
            .on_thread_start(lower_priority)
            .build()?;
        Ok(Self {
            runtime,
            turns: Arc::new(Mutex::new(Turns::new(threads))),
        })
    }

    /// Lets a guest of an app go on by itself, turn by turn. The meter counts its polls.
    pub(crate) fn spawn<F>(
        &self,
        share: &Arc<Share>,
        meter: Arc<Meter>,
        guest: F,
    ) -> AbortOnDropHandle<F::Output>
    where
        F: Future<Output: Send> + Send + Unpin + 'static,
    {
        let ticket = Arc::new(Ticket {
            id: lock(&self.turns).enter(share),
            turns: Arc::clone(&self.turns),
        });
        let task = Queued {
            guest,
            meter,
            waker: Arc::clone(&ticket).into(),
            ticket,
        };
        AbortOnDropHandle::new(self.runtime.spawn(task))
    }
}

fn lower_priority() {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), BACKGROUND_NICE) {
        tracing::warn!("cannot lower the priority of a background thread: {error}");
    }
}

/// A guest that is polled when it has a turn.
struct Queued<F> {
    guest: F,
    meter: Arc<Meter>,
    ticket: Arc<Ticket>,
    /// Has the guest wait for its turn when it is woken, instead of being polled at once.
    waker: Waker,
}

impl<F: Future + Unpin> Future for Queued<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self {
            guest,
            meter,
            ticket,
            waker,
        } = &mut *self;
        if !lock(&ticket.turns).begin(ticket.id, cx.waker()) {
            return Poll::Pending;
        }
        let poll = Pin::new(guest).poll(&mut Context::from_waker(waker));
        let next = lock(&ticket.turns).end(ticket.id, meter.last());
        wake(next);
        poll
    }
}

impl<F> Drop for Queued<F> {
    fn drop(&mut self) {
        let next = lock(&self.ticket.turns).leave(self.ticket.id);
        wake(next);
    }
}

/// What a guest is known by while it takes turns.
struct Ticket {
    id: u64,
    turns: Arc<Mutex<Turns>>,
}

impl Wake for Ticket {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let next = lock(&self.turns).wake(self.id);
        wake(next);
    }
}

/// Wakes whoever was given a turn, once nothing is locked.
fn wake(next: Option<Waker>) {
    if let Some(next) = next {
        next.wake();
    }
}

fn lock(turns: &Mutex<Turns>) -> MutexGuard<'_, Turns> {
    turns.lock().unwrap_or_else(PoisonError::into_inner)
}
