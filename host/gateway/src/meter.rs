//! The CPU time of one request: counted around every poll of its guest, looked at on every tick.
//!
//! Owns the count and what a tick decides. It must not stop a guest by any other way.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use wasmtime::component::GuestTaskId;
use wasmtime::{StoreContextMut, UpdateDeadline};

use crate::state::State;
use crate::ticker::{TICK, Ticker};

/// CPU time after which a request leaves the threads that serve connections (see `lane.rs`).
pub(crate) const HEAVY: Duration = Duration::from_millis(8);

/// Counts the CPU time of a request. Shared by whoever polls the guest and the guest's store.
///
/// Reading a thread's CPU clock is a system call, and most polls are over within microseconds. So a
/// poll counts as the time that passes during it, which is no less than the CPU time, until its
/// first tick; from there on the CPU clock is read. What the host's scheduler takes from a guest is
/// therefore charged to it for [`TICK`] a poll at most.
///
/// The fields are atomics only because the two run on one thread after another; there is never a
/// race to order.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Nanoseconds of all polls that have ended.
    used: AtomicU64,
    /// Nanoseconds of the last poll that has ended.
    last: AtomicU64,
    /// Nanoseconds of the running poll up to its first tick; zero if there was none.
    before_tick: AtomicU64,
    /// The thread's CPU clock at that tick, in nanoseconds.
    cpu_at_tick: AtomicU64,
    /// When the running poll began, on the clock that [`now`] reads.
    began: AtomicU64,
}

/// The error of a guest that used up its CPU time.
#[derive(Debug, thiserror::Error)]
#[error("it used more than its {limit:?} of CPU time")]
pub(crate) struct CpuExceeded {
    limit: Duration,
}

impl Meter {
    /// Starts to count for another request.
    pub(crate) fn reset(&self) {
        self.used.store(0, Ordering::Relaxed);
    }

    /// Counts the CPU time of a poll of the guest.
    pub(crate) fn measure<T>(&self, poll: impl FnOnce() -> T) -> T {
        self.began.store(now(), Ordering::Relaxed);
        self.before_tick.store(0, Ordering::Relaxed);
        let result = poll();
        let last = match self.before_tick.load(Ordering::Relaxed) {
            0 => self.elapsed().min(nanoseconds(TICK)),
            before_tick => before_tick + self.since_tick(),
        };
        self.last.store(last, Ordering::Relaxed);
        self.used
            .store(self.used.load(Ordering::Relaxed) + last, Ordering::Relaxed);
        result
    }

    /// Polls what is not to count, within a poll that does: a guest with a meter of its own.
    pub(crate) fn exclude<T>(&self, poll: impl FnOnce() -> T) -> T {
        let (clock, start): (fn() -> u64, _) = match self.before_tick.load(Ordering::Relaxed) {
            0 => (now, &self.began),
            _ => (thread_cpu, &self.cpu_at_tick),
        };
        let began = clock();
        let result = poll();
        let passed = clock().saturating_sub(began);
        start.store(start.load(Ordering::Relaxed) + passed, Ordering::Relaxed);
        result
    }

    /// Nanoseconds that the running poll has used, at a tick.
    fn at_tick(&self) -> u64 {
        match self.before_tick.load(Ordering::Relaxed) {
            0 => {
                let elapsed = self.elapsed().clamp(1, nanoseconds(TICK));
                self.before_tick.store(elapsed, Ordering::Relaxed);
                self.cpu_at_tick.store(thread_cpu(), Ordering::Relaxed);
                elapsed
            }
            before_tick => before_tick + self.since_tick(),
        }
    }

    fn elapsed(&self) -> u64 {
        now().saturating_sub(self.began.load(Ordering::Relaxed))
    }

    fn since_tick(&self) -> u64 {
        thread_cpu().saturating_sub(self.cpu_at_tick.load(Ordering::Relaxed))
    }

    /// Nanoseconds of the last poll that has ended.
    pub(crate) fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// Whether the request has used much, and would have used more had it not been made to pause:
    /// one that only waits often, as a long upload does, holds up nobody.
    pub(crate) fn is_heavy(&self) -> bool {
        self.used.load(Ordering::Relaxed) > nanoseconds(HEAVY) && self.last() >= nanoseconds(TICK)
    }
}

/// The CPU time of the requests that share an instance.
///
/// A tick charges the one that runs just then with the time since the tick before it. Requests that
/// compute are seen by ticks in proportion to what they use.
#[derive(Default)]
pub(crate) struct Tasks {
    /// Nanoseconds of each task. None: the instance serves one request at a time.
    used: Option<HashMap<GuestTaskId, u64>>,
    /// Nanoseconds of tasks that nobody began for a request.
    others: u64,
}

impl Tasks {
    /// Starts to count by task.
    pub(crate) fn track(&mut self) {
        self.used = Some(HashMap::new());
    }

    /// Starts to count a task.
    ///
    /// Those that have ended are kept with the instance: they are no more than its requests.
    pub(crate) fn begin(&mut self, task: GuestTaskId) {
        if let Some(used) = &mut self.used {
            used.insert(task, 0);
        }
    }

    /// Charges the running task, and returns what it has used.
    fn charge(&mut self, stack: &[GuestTaskId], nanoseconds: u64) -> u64 {
        let used = self.used.get_or_insert_default();
        let task = stack.iter().find(|task| used.contains_key(task));
        let used = task
            .and_then(|task| used.get_mut(task))
            .unwrap_or(&mut self.others);
        *used += nanoseconds;
        *used
    }
}

/// Decides at a tick whether a guest goes on, makes room for others first, or has used up its time.
pub(crate) fn on_tick(
    store: &mut StoreContextMut<'_, State>,
    ticker: &Ticker,
) -> wasmtime::Result<UpdateDeadline> {
    let running = store.data().meter.at_tick();
    let limit = store.data().limits().cpu;
    let used = if store.data().tasks.used.is_some() {
        let stack: Vec<_> = store.async_call_stack()?.collect();
        let since_last = running.min(nanoseconds(TICK));
        store.data_mut().tasks.charge(&stack, since_last)
    } else {
        store.data().meter.used.load(Ordering::Relaxed) + running
    };
    // Limit: Limits::cpu
    if used > nanoseconds(limit) {
        return Err(CpuExceeded { limit }.into());
    }
    ticker.keep_awake();
    Ok(if running >= nanoseconds(TICK) {
        UpdateDeadline::Yield(1)
    } else {
        UpdateDeadline::Continue(1)
    })
}

/// Charges the request that runs with CPU time that the host used for it. Returns what it has left.
///
/// What the running poll of the guest has used is not counted yet: that is a tick or two.
pub(crate) fn charge(
    store: &mut StoreContextMut<'_, State>,
    nanoseconds: u64,
) -> wasmtime::Result<Duration> {
    let limit = store.data().limits().cpu;
    let used = if store.data().tasks.used.is_some() {
        let stack: Vec<_> = store.async_call_stack()?.collect();
        store.data_mut().tasks.charge(&stack, nanoseconds)
    } else {
        let used = &store.data().meter.used;
        used.store(
            used.load(Ordering::Relaxed) + nanoseconds,
            Ordering::Relaxed,
        );
        used.load(Ordering::Relaxed)
    };
    // Limit: Limits::cpu
    let left = limit.checked_sub(Duration::from_nanos(used));
    left.ok_or_else(|| CpuExceeded { limit }.into())
}

/// Nanoseconds of CPU time of this thread.
pub(crate) fn thread_cpu() -> u64 {
    read(ClockId::ThreadCPUTime)
}

/// Nanoseconds of a clock that never goes back. Reading it is no system call.
pub(crate) fn now() -> u64 {
    read(ClockId::Monotonic)
}

fn read(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    // Both clocks start at zero, with the thread and with the machine.
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_time_of_polls_until_it_is_reset() {
        let meter = Meter::default();
        let long = || {
            meter.at_tick();
            let began = thread_cpu();
            while thread_cpu() - began < 2 * nanoseconds(TICK) {}
        };
        while !meter.is_heavy() {
            meter.measure(long);
        }
        meter.measure(|| ());
        assert!(!meter.is_heavy(), "the last poll was short");
        meter.measure(long);
        assert!(meter.is_heavy());
        meter.reset();
        assert!(!meter.is_heavy());
    }

    #[test]
    fn leaves_out_what_another_meter_counts() {
        let spin = || {
            let began = thread_cpu();
            while thread_cpu() - began < 10 * nanoseconds(TICK) {}
        };
        let used = |meter: &Meter| meter.used.load(Ordering::Relaxed);
        let (outer, inner) = (Meter::default(), Meter::default());
        let nested = || {
            inner.measure(|| {
                inner.at_tick();
                spin();
            });
        };
        // The clock that counts is another one after a tick.
        outer.measure(|| outer.exclude(nested));
        outer.measure(|| {
            outer.at_tick();
            outer.exclude(nested);
        });
        assert!(used(&inner) >= 20 * nanoseconds(TICK));
        assert!(used(&outer) < 5 * nanoseconds(TICK), "{}", used(&outer));
        outer.measure(|| {
            outer.at_tick();
            outer.exclude(nested);
            spin();
        });
        assert!(used(&outer) >= 10 * nanoseconds(TICK));
    }
}
