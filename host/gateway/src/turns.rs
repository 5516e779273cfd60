//! Who of those that want to compute is next: start-time fair queueing among apps.
//!
//! There are as many turns as threads. A free turn goes to the app that has used the least for its
//! weight, and within an app to the guest that has waited the longest. Owns that order, and the
//! turns that are given. Knows no thread, clock or app: see `background.rs`.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;

use crate::settings::{WEIGHT_DEFAULT, WEIGHT_MAX};

/// What an app has a right to, and what it has had.
#[derive(Debug)]
pub(crate) struct Share {
    id: u64,
    weight: AtomicU32,
    /// The app's virtual time: what it has used, divided by its weight. It changes only with a
    /// [`Turns`] at hand, of which there is one for all that compete.
    time: AtomicU64,
    /// Guests of the app that wait for a turn.
    queued: AtomicUsize,
}

impl Share {
    /// The share of an app that has used nothing.
    pub(crate) fn new(weight: u32) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let share = Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            weight: AtomicU32::new(WEIGHT_DEFAULT),
            time: AtomicU64::new(0),
            queued: AtomicUsize::new(0),
        };
        share.set_weight(weight);
        share
    }

    /// Changes the weight. What was used before counts as it did.
    pub(crate) fn set_weight(&self, weight: u32) {
        let weight = weight.clamp(1, WEIGHT_MAX);
        self.weight.store(weight, Ordering::Relaxed);
    }

    pub(crate) fn weight(&self) -> u32 {
        self.weight.load(Ordering::Relaxed)
    }

    /// Whether a guest of the app waits for a turn.
    pub(crate) fn is_waiting(&self) -> bool {
        self.queued.load(Ordering::Relaxed) > 0
    }

    fn time(&self) -> u64 {
        self.time.load(Ordering::Relaxed)
    }

    fn set_time(&self, time: u64) {
        self.time.store(time, Ordering::Relaxed);
    }

    /// Where the app stands among those that wait.
    fn place(&self) -> (u64, u64) {
        (self.time(), self.id)
    }

    fn charge(&self, nanoseconds: u64) {
        // At the least weight, 64 bits are enough for 58 years of CPU time.
        let cost = cost(nanoseconds, self.weight());
        self.set_time(self.time().saturating_add(cost));
    }
}

/// About the time that a guest uses of a turn.
const TURN_NANOSECONDS: u64 = 4_000_000;

/// What some CPU time comes to in virtual time.
fn cost(nanoseconds: u64, weight: u32) -> u64 {
    nanoseconds.saturating_mul(10) / u64::from(weight)
}

/// The turns, those who have one, and those who wait.
///
/// Whenever a turn is free, nobody waits. So each change gives one turn at most: to the guest whose
/// waker it returns, which is to be woken once nothing is locked.
#[derive(Debug)]
pub(crate) struct Turns {
    free: usize,
    /// The virtual time of the app that was given a turn last. Who was away goes on from here: it
    /// has no credit for the past.
    clock: u64,
    next: u64,
    guests: HashMap<u64, Guest>,
    /// The guests that wait, by their app's place.
    queues: BTreeMap<(u64, u64), VecDeque<u64>>,
}

#[derive(Debug)]
struct Guest {
    share: Arc<Share>,
    stage: Stage,
    /// Wakes it when it has a turn.
    waker: Waker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It waits for something else than a turn.
    Idle,
    Queued,
    /// It has a turn that it has not begun to use.
    Given,
    Running,
    /// It runs, and was woken meanwhile.
    RunningAgain,
}

impl Turns {
    pub(crate) fn new(turns: usize) -> Self {
        Self {
            free: turns,
            clock: 0,
            next: 0,
            guests: HashMap::new(),
            queues: BTreeMap::new(),
        }
    }

    /// Brings a guest in, which has not run yet.
    pub(crate) fn enter(&mut self, share: &Arc<Share>) -> u64 {
        let id = self.next;
        self.next += 1;
        let guest = Guest {
            share: Arc::clone(share),
            stage: Stage::Idle,
            waker: Waker::noop().clone(),
        };
        self.guests.insert(id, guest);
        id
    }

    /// Says that a guest can go on.
    #[must_use]
    pub(crate) fn wake(&mut self, id: u64) -> Option<Waker> {
        let guest = self.guests.get_mut(&id)?;
        match guest.stage {
            Stage::Idle => {
                self.enqueue(id, self.clock);
                self.give()
            }
            Stage::Running => {
                guest.stage = Stage::RunningAgain;
                None
            }
            Stage::Queued | Stage::Given | Stage::RunningAgain => None,
        }
    }

    /// Whether a guest may run now. If not, the waker is woken when it may.
    #[must_use]
    pub(crate) fn begin(&mut self, id: u64, waker: &Waker) -> bool {
        let Some(guest) = self.guests.get_mut(&id) else {
            return false;
        };
        guest.waker.clone_from(waker);
        if guest.stage == Stage::Idle {
            // If a turn is free it is this guest's, for nobody else waits.
            self.enqueue(id, self.clock);
            let _given = self.give();
        }
        match self.guests.get_mut(&id) {
            Some(guest) if guest.stage == Stage::Given => {
                guest.stage = Stage::Running;
                true
            }
            _ => false,
        }
    }

    /// Takes a turn back that a guest has used for so long.
    #[must_use]
    pub(crate) fn end(&mut self, id: u64, nanoseconds: u64) -> Option<Waker> {
        let guest = self.guests.get_mut(&id)?;
        let share = Arc::clone(&guest.share);
        let again = match guest.stage {
            Stage::Running => false,
            Stage::RunningAgain => true,
            Stage::Idle | Stage::Queued | Stage::Given => return None,
        };
        guest.stage = Stage::Idle;
        self.free += 1;
        self.charge(&share, nanoseconds);
        if again {
            // Who never was away may be a turn behind the others: it could not use its share, with
            // fewer requests than there are threads, and is not to wait for theirs as well.
            let turn = cost(TURN_NANOSECONDS, WEIGHT_DEFAULT);
            self.enqueue(id, self.clock.saturating_sub(turn));
        }
        self.give()
    }

    /// Lets a guest go, whether or not it has a turn.
    #[must_use]
    pub(crate) fn leave(&mut self, id: u64) -> Option<Waker> {
        let guest = self.guests.remove(&id)?;
        match guest.stage {
            Stage::Idle => None,
            Stage::Queued => {
                let place = guest.share.place();
                if let Some(queue) = self.queues.get_mut(&place) {
                    queue.retain(|other| *other != id);
                    if queue.is_empty() {
                        self.queues.remove(&place);
                    }
                }
                guest.share.queued.fetch_sub(1, Ordering::Relaxed);
                None
            }
            Stage::Given | Stage::Running | Stage::RunningAgain => {
                self.free += 1;
                self.give()
            }
        }
    }

    /// Lets a guest wait. An app of which no other waits goes on from this time at the earliest.
    fn enqueue(&mut self, id: u64, earliest: u64) {
        let Some(guest) = self.guests.get_mut(&id) else {
            return;
        };
        guest.stage = Stage::Queued;
        let share = &guest.share;
        share.queued.fetch_add(1, Ordering::Relaxed);
        if !self.queues.contains_key(&share.place()) {
            share.set_time(share.time().max(earliest));
        }
        self.queues.entry(share.place()).or_default().push_back(id);
    }

    /// Gives a free turn to whoever is next.
    fn give(&mut self) -> Option<Waker> {
        if self.free == 0 {
            return None;
        }
        let mut queue = self.queues.first_entry()?;
        self.clock = self.clock.max(queue.key().0);
        let id = queue.get_mut().pop_front();
        if queue.get().is_empty() {
            queue.remove();
        }
        let guest = self.guests.get_mut(&id?)?;
        self.free -= 1;
        guest.stage = Stage::Given;
        guest.share.queued.fetch_sub(1, Ordering::Relaxed);
        Some(guest.waker.clone())
    }

    fn charge(&mut self, share: &Share, nanoseconds: u64) {
        let queue = self.queues.remove(&share.place());
        share.charge(nanoseconds);
        if let Some(queue) = queue {
            self.queues.insert(share.place(), queue);
        }
    }
}

#[cfg(test)]
mod tests;
