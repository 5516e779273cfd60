//! The shared instances of one app.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::shared::Shared;
use super::visit::Visit;
use crate::settings::Reuse;

/// The instances that take requests, the last used on top. There are never more than the app's
/// places, because each is made by a request.
#[derive(Default)]
pub(crate) struct Pool {
    instances: Mutex<Vec<Arc<Shared>>>,
    ids: AtomicU64,
}

impl Pool {
    /// A name for the next request.
    pub(super) fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Brings a request into an instance that nobody drives just now, or into a new one.
    pub(super) fn enter(
        &self,
        visit: &Arc<Visit>,
        bounds: &Reuse,
        make: impl FnOnce() -> Arc<Shared>,
    ) -> Arc<Shared> {
        let mut instances = self.lock();
        let retired = take_if(&mut instances, |shared| !shared.is_kept(bounds));
        let free = instances
            .iter()
            .rev()
            .find(|shared| shared.is_free(bounds) && shared.enter(visit, bounds))
            .cloned();
        let shared = free.unwrap_or_else(|| {
            let shared = make();
            // A new one takes a request, whatever the bounds.
            shared.enter(visit, bounds);
            instances.push(Arc::clone(&shared));
            shared
        });
        drop(instances);
        // Ending an instance takes time that nobody else should wait for.
        drop(retired);
        shared
    }

    /// Lets go of the instances that have waited for too long.
    pub(crate) fn sweep(&self, bounds: &Reuse) {
        let old = take_if(&mut self.lock(), |shared| !shared.is_kept(bounds));
        drop(old);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Shared>>> {
        self.instances
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn take_if(
    instances: &mut Vec<Arc<Shared>>,
    is_old: impl FnMut(&mut Arc<Shared>) -> bool,
) -> Vec<Arc<Shared>> {
    instances.extract_if(.., is_old).collect()
}
