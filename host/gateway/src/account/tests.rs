//! Apps that use so much, as the reviews see them.

use std::task::Waker;

use super::*;
use crate::turns::Turns;

const MS: u64 = 1_000_000;

/// The level in milliseconds for each hundred of weight.
fn level(uses: &[(u64, u32)], capacity: u64) -> Option<u64> {
    let uses = uses.iter().map(|&(ms, weight)| Use {
        nanoseconds: ms * MS,
        weight,
    });
    fair_level(uses.collect(), capacity * MS).map(|level| level / (10 * MS))
}

#[test]
fn the_level_is_what_the_modest_leave() {
    assert_eq!(level(&[(10, 100), (90, 100)], 100), None);
    assert_eq!(level(&[(10, 100), (95, 100)], 100), Some(90));
    assert_eq!(level(&[(10, 100), (60, 100), (60, 100)], 100), Some(45));
    assert_eq!(level(&[(40, 100), (90, 300)], 100), Some(25));
    assert_eq!(level(&[(20, 100), (90, 300)], 100), Some(26));
    assert_eq!(level(&[(1, 100); 50], 10), Some(0));
    assert_eq!(level(&[], 10), None);
}

#[test]
fn only_a_clear_excess_is_too_much() {
    let over = |uses: &[u64]| {
        let uses = uses.iter().map(|&nanoseconds| Use {
            nanoseconds,
            weight: 100,
        });
        let uses: Vec<_> = uses.collect();
        let level = level_of_excess(uses.clone(), 1_000);
        let is_over = |one: &Use| level.is_some_and(|level| one.level() > level);
        uses.iter().filter(|one| is_over(one)).count()
    };
    assert_eq!(over(&[100, 900]), 0, "the threads are not busy");
    assert_eq!(over(&[200, 900]), 1);
    assert_eq!(over(&[5_000, 5_500]), 0);
    assert_eq!(over(&[500, 5_000, 5_000]), 2);
    let many: Vec<_> = (0..100).map(|i| 10 + i % 3 * 10).chain([4_000]).collect();
    assert_eq!(over(&many), 1);
}

/// Two apps: a modest one, and one that takes what it gets.
struct Two {
    accounts: Accounts,
    apps: [Arc<Account>; 2],
    now: u64,
}

impl Two {
    fn new() -> Self {
        let accounts = Accounts::default();
        let apps = ["modest", "greedy"].map(|name| accounts.open(name, 100));
        let now = 1_000 * MS;
        Self {
            accounts,
            apps,
            now,
        }
    }

    /// Lets each use so many of each hundred milliseconds of one thread; none: it is not there.
    fn pass(&mut self, time: Duration, uses: [Option<u64>; 2]) {
        let end = self.now + nanoseconds(time);
        while self.now < end {
            for (account, percent) in self.apps.iter().zip(uses) {
                if let Some(percent) = percent {
                    self.accounts.note(account);
                    account.charge(4 * MS * percent / 100);
                }
            }
            self.now += 4 * MS;
            self.accounts.review(self.now);
        }
    }

    fn is_over(&self) -> [bool; 2] {
        self.apps.each_ref().map(|app| app.is_over())
    }
}

#[test]
fn who_is_alone_is_never_over() {
    let full = 100 * available_parallelism().unwrap().get() as u64;
    let mut two = Two::new();
    two.pass(Duration::from_secs(2), [None, Some(full)]);
    assert_eq!(two.is_over(), [false, false]);
    // From the moment that somebody is there, for as long as they may be.
    two.pass(REVIEW, [Some(1), Some(full)]);
    assert_eq!(two.is_over(), [false, true]);
    two.pass(PRESENCE / 2, [None, Some(full)]);
    assert_eq!(two.is_over(), [false, true]);
    two.pass(PRESENCE, [None, Some(full)]);
    assert_eq!(two.is_over(), [false, false]);
}

#[test]
fn nobody_is_over_while_the_threads_are_not_busy() {
    let full = 100 * available_parallelism().unwrap().get() as u64;
    let mut two = Two::new();
    two.pass(PRESENCE, [Some(full / 16), Some(full / 8)]);
    assert_eq!(two.is_over(), [false, false]);
    // It takes some reviews until what it does counts in full.
    two.pass(PRESENCE, [Some(full / 16), Some(full / 2)]);
    assert_eq!(two.is_over(), [false, true]);
    two.pass(HOLD / 2, [Some(full / 16), Some(full / 16)]);
    assert_eq!(two.is_over(), [false, true]);
    two.pass(HOLD, [Some(full / 16), Some(full / 16)]);
    assert_eq!(two.is_over(), [false, false]);
}

#[test]
fn who_waits_for_turns_stays_over_however_little_it_gets() {
    let full = 100 * available_parallelism().unwrap().get() as u64;
    let mut two = Two::new();
    two.pass(PRESENCE, [Some(1), Some(full)]);
    let mut turns = Turns::new(1);
    let [running, waiting] = [(), ()].map(|()| turns.enter(&two.apps[1].share));
    assert!(turns.begin(running, Waker::noop()) && !turns.begin(waiting, Waker::noop()));
    two.pass(2 * HOLD, [Some(1), Some(1)]);
    assert_eq!(two.is_over(), [false, true]);
    assert!(turns.leave(waiting).is_none());
    two.pass(HOLD, [Some(1), Some(1)]);
    assert_eq!(two.is_over(), [false, false]);
}

#[test]
fn short_polls_are_not_counted() {
    let account = Account::new(100);
    account.charge(nanoseconds(LONG) - 1);
    assert_eq!(account.used.load(Ordering::Relaxed), 0);
    account.charge(nanoseconds(LONG));
    assert_eq!(account.used.load(Ordering::Relaxed), nanoseconds(LONG));
}

#[test]
fn releases_of_an_app_have_one_account() {
    let accounts = Accounts::default();
    let (old, new) = (accounts.open("one", 100), accounts.open("one", 200));
    assert!(Arc::ptr_eq(&old, &new) && old.share.weight() == 200);
    assert!(!Arc::ptr_eq(&old, &accounts.open("two", 100)));
    drop((old, new));
    drop(accounts.open("three", 1));
    assert_eq!(lock(&accounts.all).len(), 1);
}
