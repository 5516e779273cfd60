//! What each app uses of the threads that serve connections, and which use more than their share.
//!
//! Guests run on those threads, and one that computes for some milliseconds holds up whoever is
//! behind it. That is well as long as there is nobody. Owns the notion of *nobody*, and the share
//! of each when there is somebody. What follows from it is decided in `lane.rs`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::available_parallelism;
use std::time::Duration;

use crate::turns::Share;

/// Polls that are over sooner hold up nobody, and are not counted: those of most apps.
const LONG: Duration = Duration::from_micros(500);

/// Time between two looks at who uses how much.
const REVIEW: Duration = Duration::from_millis(20);

/// How long an app is taken to be there after its last request.
const PRESENCE: Duration = Duration::from_secs(1);

/// How long an app that used more than its share is taken to do so.
const HOLD: Duration = Duration::from_millis(500);

/// The threads count as busy when long polls fill one part in so many of their time.
const BUSY_SHARE: u64 = 4;

/// Each review counts, with what is new, all but one part in so many of what the last one counted.
const DECAY: u64 = 4;

/// What one app uses. All releases of an app have it in common.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) share: Arc<Share>,
    /// Nanoseconds of its long polls since the last review.
    used: AtomicU64,
    /// It was polled since the last review.
    is_active: AtomicBool,
    /// It uses more than its share while others want to run.
    is_over: AtomicBool,
}

impl Account {
    fn new(weight: u32) -> Self {
        Self {
            share: Arc::new(Share::new(weight)),
            used: AtomicU64::new(0),
            is_active: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        }
    }

    /// Whether it uses more than its share while others want to run.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Counts a poll that took so many nanoseconds.
    #[inline]
    pub(crate) fn charge(&self, nanoseconds: u64) {
        if u128::from(nanoseconds) >= LONG.as_nanos() {
            self.used.fetch_add(nanoseconds, Ordering::Relaxed);
        }
    }
}

/// The accounts of all apps of a gateway.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    /// By the apps' names.
    all: Mutex<Vec<(String, Weak<Account>)>>,
    present: Mutex<Present>,
}

impl Accounts {
    /// The account of the app with this name, which from now on has this weight.
    pub(crate) fn open(&self, name: &str, weight: u32) -> Arc<Account> {
        let mut all = lock(&self.all);
        all.retain(|(_, account)| account.strong_count() > 0);
        let known = all.iter().find(|(other, _)| other == name);
        if let Some(account) = known.and_then(|(_, account)| account.upgrade()) {
            account.share.set_weight(weight);
            return account;
        }
        let account = Arc::new(Account::new(weight));
        all.push((name.to_owned(), Arc::downgrade(&account)));
        account
    }

    /// Says that a guest of an app is about to run.
    ///
    /// A review that just then forgets an app's activity loses one sign of it; the next poll gives
    /// another.
    #[inline]
    pub(crate) fn note(&self, account: &Arc<Account>) {
        if !account.is_active.load(Ordering::Relaxed) {
            lock(&self.present).enter(account);
        }
    }

    /// Looks at who is there and who uses how much. To be called with every tick; `now` is that of
    /// [`crate::meter::now`].
    pub(crate) fn review(&self, now: u64) {
        lock(&self.present).review(now);
    }
}

/// The apps that are there.
#[derive(Debug)]
struct Present {
    apps: Vec<Seen>,
    /// The threads that serve connections.
    threads: u64,
    /// When they were last reviewed.
    reviewed: u64,
    /// Nanoseconds that the threads had to give, of late.
    capacity: u64,
}

#[derive(Debug)]
struct Seen {
    account: Arc<Account>,
    /// When it was last active.
    at: u64,
    /// Nanoseconds that it used, of late.
    used: u64,
    /// Until when it is taken to use more than its share.
    over_until: u64,
}

impl Default for Present {
    fn default() -> Self {
        Self {
            apps: Vec::new(),
            threads: available_parallelism().map_or(1, |threads| threads.get() as u64),
            reviewed: 0,
            capacity: 0,
        }
    }
}

impl Present {
    fn enter(&mut self, account: &Arc<Account>) {
        let is_here = |seen: &Seen| Arc::ptr_eq(&seen.account, account);
        if !account.is_active.swap(true, Ordering::Relaxed) && !self.apps.iter().any(is_here) {
            self.apps.push(Seen {
                account: Arc::clone(account),
                at: self.reviewed,
                used: 0,
                over_until: 0,
            });
        }
    }

    fn review(&mut self, now: u64) {
        let passed = now.saturating_sub(self.reviewed);
        if passed < nanoseconds(REVIEW) {
            return;
        }
        self.reviewed = now;
        // The thread that ticks pauses when nobody is there.
        let passed = passed.min(DECAY * nanoseconds(REVIEW));
        self.capacity = decayed(self.capacity) + passed * self.threads;
        self.apps.retain_mut(|seen| seen.is_present(now));
        let capacity = self.capacity;
        let uses = self.apps.iter().map(|seen| seen.wants(capacity)).collect();
        let level = level_of_excess(uses, capacity / BUSY_SHARE);
        let is_alone = self.apps.len() < 2;
        for seen in &mut self.apps {
            let wants = seen.wants(capacity).level();
            if level.is_some_and(|level| wants > level) {
                seen.over_until = now + nanoseconds(HOLD);
            }
            let is_over = now < seen.over_until && !is_alone;
            seen.account.is_over.store(is_over, Ordering::Relaxed);
        }
    }
}

impl Seen {
    fn is_present(&mut self, now: u64) -> bool {
        let used = self.account.used.swap(0, Ordering::Relaxed);
        self.used = decayed(self.used) + used;
        if self.account.is_active.swap(false, Ordering::Relaxed) {
            self.at = now;
        }
        let is_present = now.saturating_sub(self.at) < nanoseconds(PRESENCE);
        if !is_present {
            self.account.is_over.store(false, Ordering::Relaxed);
        }
        is_present
    }

    /// What it used. One that waits for turns in the background would take all there is: it may
    /// have used little only because little was left for it.
    fn wants(&self, capacity: u64) -> Use {
        let share = &self.account.share;
        let nanoseconds = if share.is_waiting() {
            self.used.max(capacity)
        } else {
            self.used
        };
        Use {
            nanoseconds,
            weight: share.weight(),
        }
    }
}

/// What an app used, and what it has a right to.
#[derive(Clone, Copy)]
struct Use {
    nanoseconds: u64,
    weight: u32,
}

impl Use {
    /// Picoseconds for each unit of weight.
    fn level(self) -> u64 {
        self.nanoseconds.saturating_mul(1_000) / u64::from(self.weight)
    }
}

/// The level of use from which on it is too much; none as long as all use less than what makes the
/// threads busy.
///
/// It is well above an even share, so that apps that use about as much as each other stay where
/// they are; and above what would be fair if there were a quarter less, so that among many apps
/// that use little only those that use much are meant.
fn level_of_excess(uses: Vec<Use>, busy: u64) -> Option<u64> {
    let total: u64 = uses.iter().map(|one| one.nanoseconds).sum();
    let weights: u64 = uses.iter().map(|one| u64::from(one.weight)).sum();
    if total <= busy {
        return None;
    }
    let even = (total + total / 4).saturating_mul(1_000) / weights;
    fair_level(uses, total - total / 4).map(|fair| fair.max(even))
}

/// The level of use that fills a capacity, if all use more than there is: who stays below it has
/// what it wants, and leaves the rest to the others. None: all fit.
fn fair_level(mut uses: Vec<Use>, capacity: u64) -> Option<u64> {
    uses.sort_unstable_by_key(|one| one.level());
    let mut weights: u64 = uses.iter().map(|one| u64::from(one.weight)).sum();
    let mut left = capacity;
    for one in uses {
        let level = left.saturating_mul(1_000) / weights;
        if one.level() > level {
            return Some(level);
        }
        left = left.saturating_sub(one.nanoseconds);
        weights -= u64::from(one.weight);
    }
    None
}

fn decayed(count: u64) -> u64 {
    count - count / DECAY
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
