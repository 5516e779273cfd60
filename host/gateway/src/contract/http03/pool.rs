//! The shared instances of one app.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::shared::Shared;
use super::visit::Visit;
use crate::settings::Reuse;
use crate::ticker::TICK;

/// The instances that take requests, the last used on top. There are never more than the app's
/// places, because each is made by a request.
#[derive(Default)]
pub(crate) struct Pool {
    instances: Mutex<Instances>,
    ids: AtomicU64,
}

#[derive(Default)]
struct Instances {
    instances: Vec<Arc<Shared>>,
    /// Requests that came while every instance was being driven, since the last one was made.
    collisions: u32,
}

/// Requests that join an instance although it is being driven, before another one is made: an
/// instance uses one processor, and more are worth their memory only if that is often too little.
const COLLISIONS_MAX: u32 = 64;

impl Pool {
    /// A name for the next request.
    pub(super) fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Brings a request into an instance, which is made if none is to have it.
    pub(super) fn enter(
        &self,
        visit: &Arc<Visit>,
        bounds: &Reuse,
        make: impl FnOnce() -> Arc<Shared>,
    ) -> Arc<Shared> {
        let mut pool = self.lock();
        let retired = take_if(&mut pool.instances, |shared| !shared.is_kept(bounds));
        let found = pool.enter(visit, bounds);
        let shared = found.unwrap_or_else(|| {
            let shared = make();
            // A new one takes a request, whatever the bounds.
            shared.enter(visit, bounds);
            pool.instances.push(Arc::clone(&shared));
            pool.collisions = 0;
            shared
        });
        drop(pool);
        // Ending an instance takes time that nobody else should wait for.
        drop(retired);
        shared
    }

    /// Lets go of the instances that have waited for too long.
    pub(crate) fn sweep(&self, bounds: &Reuse) {
        let old = take_if(&mut self.lock().instances, |shared| !shared.is_kept(bounds));
        drop(old);
    }

    fn lock(&self) -> MutexGuard<'_, Instances> {
        self.instances
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Instances {
    /// Brings a request into an instance that nobody drives just now, or else into one that will
    /// soon be let go of.
    fn enter(&mut self, visit: &Arc<Visit>, bounds: &Reuse) -> Option<Arc<Shared>> {
        let enter = |shared: &&Arc<Shared>| shared.enter(visit, bounds);
        let last_used_first = || self.instances.iter().rev();
        let mut idle = last_used_first().filter(|shared| shared.driven_for().is_none());
        if let Some(shared) = idle.find(enter) {
            return Some(Arc::clone(shared));
        }
        if self.collisions >= COLLISIONS_MAX {
            return None;
        }
        let is_brief = |shared: &&Arc<Shared>| shared.driven_for().is_none_or(|time| time < TICK);
        let shared = last_used_first().filter(is_brief).find(enter)?;
        let shared = Arc::clone(shared);
        self.collisions += 1;
        Some(shared)
    }
}

fn take_if(
    instances: &mut Vec<Arc<Shared>>,
    is_old: impl FnMut(&mut Arc<Shared>) -> bool,
) -> Vec<Arc<Shared>> {
    instances.extract_if(.., is_old).collect()
}
