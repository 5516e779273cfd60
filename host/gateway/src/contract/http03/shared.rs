//! Instances that several requests share, each at the same time as others.
//!
//! There is no task that drives such an instance. Its store is an event loop, and every request in
//! it polls that when its own task is polled, if no other does just then. So a request that is
//! alone is served without a hop to another task, and those that wait are served by whoever is
//! there. Owns who drives, and when an instance takes no more requests.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use super::visit::Visit;
use super::watch::Watch;
use crate::error::{Error, Kind};
use crate::meter::{self, Meter};
use crate::settings::Reuse;

/// The event loop of a store. It ends when the instance has failed, or takes no more requests.
pub(super) type EventLoop = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// An instance.
pub(super) struct Shared {
    event_loop: Mutex<Option<EventLoop>>,
    /// Somebody found the event loop busy: whoever drives it is to do so again.
    again: AtomicBool,
    /// When the running poll of the event loop began, on the clock of [`meter::now`]; else zero.
    driven_since: AtomicU64,
    /// No task of the guest runs.
    is_quiet: AtomicBool,
    /// Tells the bodies of responses when the instance fails.
    pub(super) watch: Arc<Watch>,
    /// The CPU time of the polls of the event loop.
    meter: Arc<Meter>,
    requests: Mutex<Requests>,
}

/// The requests of an instance.
struct Requests {
    /// Those that have not begun.
    waiting: VecDeque<Arc<Visit>>,
    /// The tasks of all that are there. One of them is woken when there is something to do.
    wakers: Vec<(u64, Waker)>,
    under_way: usize,
    served: u32,
    /// It takes no more requests.
    is_retired: bool,
    /// Why all that are there fail.
    failure: Option<(Kind, String)>,
    /// The same with what the guest left behind, for the first who asks.
    first_error: Option<Error>,
    /// When it was last used.
    since: Instant,
}

impl Shared {
    /// An instance without a request.
    pub(super) fn new(meter: Arc<Meter>) -> Self {
        Self {
            event_loop: Mutex::new(None),
            again: AtomicBool::new(false),
            driven_since: AtomicU64::new(0),
            is_quiet: AtomicBool::new(true),
            watch: Arc::default(),
            meter,
            requests: Mutex::new(Requests {
                waiting: VecDeque::new(),
                wakers: Vec::new(),
                under_way: 0,
                served: 0,
                is_retired: false,
                failure: None,
                first_error: None,
                since: Instant::now(),
            }),
        }
    }

    /// Sets the event loop. It is polled by the requests that come.
    pub(super) fn begin(&self, event_loop: EventLoop) {
        *self
            .event_loop
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(event_loop);
    }

    /// Brings a request in, if the instance takes another one.
    pub(super) fn enter(&self, visit: &Arc<Visit>, bounds: &Reuse) -> bool {
        let mut requests = self.requests();
        // Limit: Reuse::concurrency
        if requests.is_retired || requests.under_way >= bounds.concurrency {
            return false;
        }
        requests.under_way += 1;
        requests.served += 1;
        // Limit: Reuse::requests
        requests.is_retired = requests.served >= bounds.requests;
        requests.waiting.push_back(Arc::clone(visit));
        true
    }

    /// Lets a request out. One that did not end well retires the instance.
    pub(super) fn leave(&self, id: u64, well: bool) {
        let mut requests = self.requests();
        requests.waiting.retain(|visit| visit.id != id);
        requests.wakers.retain(|(other, _)| *other != id);
        requests.under_way = requests.under_way.saturating_sub(1);
        requests.since = Instant::now();
        requests.is_retired |= !well;
        // It may have been the one that was woken for all.
        let next = requests.wakers.first().map(|(_, waker)| waker.clone());
        let over = requests.is_retired && requests.under_way == 0;
        drop(requests);
        if let Some(next) = next {
            next.wake();
        }
        if over {
            self.end();
        }
    }

    /// Ends an instance that nobody is in any more.
    fn end(&self) {
        // Nobody drives it: whoever does has not left.
        if let Ok(mut event_loop) = self.event_loop.try_lock() {
            let ended = event_loop.take();
            drop(event_loop);
            drop(ended);
        }
    }

    /// Takes no more requests.
    pub(super) fn retire(&self) {
        self.requests().is_retired = true;
    }

    /// The next request to begin. Whoever brings one drives the instance, and so has it asked again.
    pub(super) fn next(&self) -> Option<Arc<Visit>> {
        self.requests().waiting.pop_front()
    }

    /// Says whether tasks of the guest run.
    pub(super) fn set_quiet(&self, is_quiet: bool) {
        self.is_quiet.store(is_quiet, Ordering::Relaxed);
    }

    /// Whether a request that was served may leave: others drive what still runs, or nothing does.
    pub(super) fn may_be_left(&self) -> bool {
        self.is_quiet() || self.requests().under_way > 1
    }

    /// Whether no task of the guest runs.
    pub(super) fn is_quiet(&self) -> bool {
        self.is_quiet.load(Ordering::Relaxed)
    }

    /// Since when somebody drives it; none if nobody does.
    pub(super) fn driven_for(&self) -> Option<Duration> {
        let since = self.driven_since.load(Ordering::Relaxed);
        (since > 0).then(|| Duration::from_nanos(meter::now().saturating_sub(since)))
    }

    /// Whether it is to be kept: it takes requests, and has not waited for one for too long.
    pub(super) fn is_kept(&self, bounds: &Reuse) -> bool {
        let requests = self.requests();
        // Limit: Reuse::idle
        let is_idle = requests.under_way == 0 && requests.since.elapsed() >= bounds.idle;
        !requests.is_retired && !is_idle
    }

    /// Runs what can be run in the instance, on behalf of one of its requests.
    ///
    /// Fails once the instance has.
    pub(super) fn drive(self: &Arc<Self>, id: u64, cx: &Context<'_>) -> Result<(), Error> {
        self.register(id, cx.waker());
        loop {
            let mut event_loop = match self.event_loop.try_lock() {
                Ok(event_loop) => event_loop,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    // Whoever drives it looks at this after having let go of it: either they see
                    // it, or the lock is free by now.
                    if self.again.swap(true, Ordering::SeqCst) {
                        return self.failure();
                    }
                    continue;
                }
            };
            self.again.store(false, Ordering::SeqCst);
            self.poll_event_loop(&mut event_loop);
            drop(event_loop);
            if !self.again.swap(false, Ordering::SeqCst) {
                return self.failure();
            }
        }
    }

    fn poll_event_loop(self: &Arc<Self>, event_loop: &mut Option<EventLoop>) {
        let Some(running) = event_loop else {
            return;
        };
        let waker = Waker::from(Arc::clone(self));
        let mut cx = Context::from_waker(&waker);
        self.driven_since.store(meter::now(), Ordering::Relaxed);
        let poll = self.meter.measure(|| running.as_mut().poll(&mut cx));
        self.driven_since.store(0, Ordering::Relaxed);
        if let Poll::Ready(result) = poll {
            // The store is dropped before anybody learns of it.
            *event_loop = None;
            self.fail(result.err());
        }
    }

    /// Has all requests fail that are there.
    fn fail(&self, error: Option<Error>) {
        let mut requests = self.requests();
        requests.is_retired = true;
        let error = error.unwrap_or_else(|| Error::new(Kind::Bug, "the instance ended by itself"));
        requests.failure = Some((error.kind(), error.to_string()));
        requests.first_error = Some(error);
        let wakers = std::mem::take(&mut requests.wakers);
        drop(requests);
        for (_, waker) in wakers {
            waker.wake();
        }
    }

    fn failure(&self) -> Result<(), Error> {
        let mut requests = self.requests();
        let Some((kind, message)) = &requests.failure else {
            return Ok(());
        };
        let other = Error::new(
            *kind,
            format!("the instance that it shared with other requests ended: {message}"),
        );
        Err(requests.first_error.take().unwrap_or(other))
    }

    fn register(&self, id: u64, waker: &Waker) {
        let mut requests = self.requests();
        match requests.wakers.iter_mut().find(|(other, _)| *other == id) {
            Some((_, known)) => known.clone_from(waker),
            None => requests.wakers.push((id, waker.clone())),
        }
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Shared {
    /// Wakes one of the requests: it drives the instance for all of them, and when it leaves
    /// without having done so, it wakes the next.
    fn wake(self: Arc<Self>) {
        let first = self
            .requests()
            .wakers
            .first()
            .map(|(_, waker)| waker.clone());
        if let Some(waker) = first {
            waker.wake();
        }
    }
}
