//! One live sandbox, and those that wait to be used again.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;
use tokio::time::timeout;
use wasmtime::Store;
use wasmtime::component::Instance;

use crate::admission::Permit;
use crate::meter::Meter;
use crate::settings::Reuse;
use crate::state::State;

/// A live sandbox. Dropping it ends the guest in it, wherever that is.
///
/// The store comes first: its memory is free before the permit lets another request in.
pub(crate) struct Live {
    pub(crate) store: Store<State>,
    pub(crate) instance: Instance,
    /// Requests that it has begun to serve.
    pub(crate) served: u32,
    /// The place of the request that it serves. None while it waits for one.
    pub(crate) permit: Option<Permit>,
}

impl Live {
    /// Lets a guest run for a tick before the host sees it, however long it was not called.
    pub(crate) fn rearm(&mut self) {
        self.store.set_epoch_deadline(1);
    }

    pub(crate) fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.store.data().meter)
    }
}

/// Instances that wait for their next request, the last used on top.
#[derive(Default)]
pub(crate) struct Pool {
    waiting: Mutex<Vec<Waiting>>,
    /// Rings when one was kept.
    kept: Notify,
    /// Whether it was said that none can be kept.
    is_told: AtomicBool,
}

struct Waiting {
    live: Live,
    since: Instant,
}

impl Pool {
    /// The instance that was used last, if that was not too long ago.
    pub(crate) fn take(&self, bounds: &Reuse) -> Option<Live> {
        let waiting = self.lock().pop()?;
        // Limit: Reuse::idle
        (waiting.since.elapsed() < bounds.idle).then_some(waiting.live)
    }

    /// The next instance that is kept, if one is within the patience that there is.
    pub(crate) async fn wait(&self, bounds: &Reuse) -> Option<Live> {
        let kept = async {
            loop {
                self.kept.notified().await;
                if let Some(live) = self.take(bounds) {
                    return live;
                }
            }
        };
        // Limit: Reuse::patience
        timeout(bounds.patience, kept).await.ok()
    }

    /// Whether none waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Keeps an instance for its next request, if it may have one.
    ///
    /// There are never more than the app's places, because each came from one.
    pub(crate) fn keep(&self, live: Live, bounds: &Reuse) {
        let state = live.store.data();
        let bytes = state.memory.bytes;
        if live.served == 1 && bytes > bounds.memory && !self.is_told.swap(true, Relaxed) {
            tell_of_memory(state.app_name(), bytes, bounds);
        }
        // Limit: Reuse::requests, Reuse::memory
        if live.served < bounds.requests && bytes <= bounds.memory {
            self.lock().push(Waiting {
                live,
                since: Instant::now(),
            });
            self.kept.notify_one();
        }
    }

    /// Ends the instances that have waited for too long.
    pub(crate) fn sweep(&self, bounds: &Reuse) {
        let mut waiting = self.lock();
        // Limit: Reuse::idle
        let fresh = waiting
            .iter()
            .position(|waiting| waiting.since.elapsed() < bounds.idle);
        let end = fresh.unwrap_or(waiting.len());
        let old: Vec<_> = waiting.drain(..end).collect();
        // Ending an instance takes time that nobody else should wait for.
        drop(waiting);
        drop(old);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says why an app whose instances are to be reused has a fresh one for each request.
fn tell_of_memory(app: &str, bytes: u64, bounds: &Reuse) {
    tracing::warn!(
        app,
        "its instances are not reused: one has {} MiB after its first request, and `memory` in \
         [app.reuse] keeps none above {} MiB",
        bytes.div_ceil(MIB),
        bounds.memory / MIB,
    );
}

const MIB: u64 = 1024 * 1024;
