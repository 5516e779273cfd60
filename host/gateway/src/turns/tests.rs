//! A machine of some threads on which guests compute, turn by turn.

use std::sync::atomic::AtomicUsize;
use std::task::Wake;

use super::*;

/// What a guest uses of a turn, in nanoseconds.
const TURN: u64 = 4_000_000;

/// Apps whose guests always want to compute.
struct Machine {
    turns: Turns,
    running: VecDeque<u64>,
    used: HashMap<u64, u64>,
}

/// An app of [`Machine`], and its guests.
struct App {
    share: Arc<Share>,
    guests: Vec<u64>,
}

impl Machine {
    fn new(turns: usize) -> Self {
        Self {
            turns: Turns::new(turns),
            running: VecDeque::new(),
            used: HashMap::new(),
        }
    }

    fn app(&mut self, weight: u32, guests: usize) -> App {
        let share = Arc::new(Share::new(weight));
        let guests = (0..guests).map(|_| self.guest(&share)).collect();
        App { share, guests }
    }

    fn guest(&mut self, share: &Arc<Share>) -> u64 {
        let id = self.turns.enter(share);
        self.wake(id);
        id
    }

    /// The simulation asks who was given a turn, and needs no wakers.
    fn wake(&mut self, id: u64) {
        let _given = self.turns.wake(id);
        self.begin();
    }

    fn begin(&mut self) {
        let given = |(id, guest): (&u64, &Guest)| (guest.stage == Stage::Given).then_some(*id);
        let given: Vec<_> = self.turns.guests.iter().filter_map(given).collect();
        for id in given {
            assert!(self.turns.begin(id, Waker::noop()));
            self.running.push_back(id);
        }
    }

    /// Lets whoever has run for the longest use its turn up, and want the next one.
    fn step(&mut self, nanoseconds: u64) {
        let id = self.running.pop_front().unwrap();
        *self.used.entry(id).or_default() += nanoseconds;
        let _given = self.turns.wake(id);
        let _given = self.turns.end(id, nanoseconds);
        self.begin();
    }

    fn run(&mut self, steps: usize) {
        (0..steps).for_each(|_| self.step(TURN));
    }

    fn used(&self, app: &App) -> f64 {
        let used = |guest| self.used.get(guest).copied().unwrap_or_default();
        app.guests.iter().map(used).sum::<u64>() as f64
    }

    fn forget(&mut self) {
        self.used.clear();
    }
}

fn is_near(ratio: f64, expected: f64) {
    assert!((ratio / expected - 1.0).abs() < 0.03, "{ratio}: {expected}");
}

#[test]
fn shares_follow_the_weights() {
    for threads in [1, 2, 7] {
        let mut machine = Machine::new(threads);
        let [one, three] = [100, 300].map(|weight| machine.app(weight, 16));
        machine.run(4_000);
        is_near(machine.used(&three) / machine.used(&one), 3.0);
    }
    let mut machine = Machine::new(1);
    let [least, most] = [1, WEIGHT_MAX].map(|weight| machine.app(weight, 2));
    machine.run(30_000);
    let turns = machine.used(&least) / TURN as f64;
    assert!((3.0..=4.0).contains(&turns), "{turns}");
    assert!(machine.used(&most) > 0.0);
}

#[test]
fn many_requests_of_an_app_get_no_more_than_one() {
    let mut machine = Machine::new(1);
    let [many, one] = [64, 1].map(|guests| machine.app(100, guests));
    machine.run(2_000);
    is_near(machine.used(&many) / machine.used(&one), 1.0);
    let each: Vec<_> = many.guests.iter().map(|id| machine.used[id]).collect();
    let (least, most) = (each.iter().min().unwrap(), each.iter().max().unwrap());
    assert!(most - least <= TURN, "its requests share alike");
}

#[test]
fn longer_turns_are_not_more_time() {
    let mut machine = Machine::new(1);
    let [long, short] = [1, 1].map(|guests| machine.app(100, guests));
    for _ in 0..3_000 {
        let is_long = machine.running.front() == long.guests.first();
        machine.step(if is_long { 2 * TURN } else { TURN / 4 });
    }
    is_near(machine.used(&long) / machine.used(&short), 1.0);
}

#[test]
fn who_was_away_has_no_credit_and_no_debt() {
    let mut machine = Machine::new(2);
    // Three of them fill two threads, but the first can only use one, whatever its weight.
    let heavy = machine.app(WEIGHT_MAX, 1);
    let [first, second] = [100, 100].map(|weight| machine.app(weight, 8));
    machine.run(5_000);
    is_near(machine.used(&first) / machine.used(&second), 1.0);
    is_near(
        machine.used(&heavy) / (machine.used(&first) + machine.used(&second)),
        1.0,
    );
    machine.forget();
    let late = machine.app(100, 8);
    machine.run(6_000);
    for app in [&first, &second] {
        is_near(machine.used(&late) / machine.used(app), 1.0);
    }
    assert!(late.share.time() >= first.share.time() / 2);
}

#[test]
fn a_guest_that_waits_for_something_else_is_not_in_the_way() {
    let mut turns = Turns::new(1);
    let share = Arc::new(Share::new(100));
    let [one, two] = [(), ()].map(|()| turns.enter(&share));
    assert!(turns.begin(one, Waker::noop()));
    assert!(!turns.begin(two, Waker::noop()));
    // It was not woken: it waits, and its turn goes to the other.
    assert!(turns.end(one, TURN).is_some());
    assert!(turns.begin(two, Waker::noop()));
    assert!(turns.wake(one).is_none());
    assert!(turns.end(two, TURN).is_some());
    assert!(turns.begin(one, Waker::noop()));
}

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_turn_goes_on_when_its_guest_leaves() {
    let mut turns = Turns::new(1);
    let share = Arc::new(Share::new(100));
    let counts: [Arc<Count>; 4] = Default::default();
    let wakers = counts
        .each_ref()
        .map(|count| Waker::from(Arc::clone(count)));
    let guests = [(); 4].map(|()| turns.enter(&share));
    assert!(turns.begin(guests[0], &wakers[0]));
    for (guest, waker) in guests.iter().zip(&wakers).skip(1) {
        assert!(!turns.begin(*guest, waker));
    }
    // One that waits leaves: nothing changes but that it is passed over.
    assert!(turns.leave(guests[1]).is_none());
    // The one that runs leaves: the next is woken, and leaves before it begins.
    turns.leave(guests[0]).unwrap().wake();
    assert_eq!(counts[2].0.load(Ordering::Relaxed), 1);
    turns.leave(guests[2]).unwrap().wake();
    assert_eq!(counts[3].0.load(Ordering::Relaxed), 1);
    assert!(turns.begin(guests[3], &wakers[3]));
    assert!(turns.leave(guests[3]).is_none());
    // What is woken, ended or left late is nobody's any more.
    for guest in guests {
        assert!(turns.wake(guest).is_none() && turns.leave(guest).is_none());
        assert!(turns.end(guest, TURN).is_none() && !turns.begin(guest, Waker::noop()));
    }
    assert_eq!(turns.free, 1);
    assert!(turns.guests.is_empty() && turns.queues.is_empty());
}

/// Any order of events: no turn is lost, and no guest waits while one is free.
#[test]
fn whatever_happens_no_turn_is_lost() {
    let mut random = 88_172_645_463_325_252_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % below as u64).unwrap()
    };
    let mut turns = Turns::new(3);
    let shares = [1, 100, 10_000].map(|weight| Arc::new(Share::new(weight)));
    let mut guests = Vec::new();
    for _ in 0..100_000 {
        if guests.len() < 12 && next(4) == 0 {
            guests.push(turns.enter(&shares[next(3)]));
        }
        if guests.is_empty() {
            continue;
        }
        let index = next(guests.len());
        let id = guests[index];
        let _given = match next(8) {
            0 => turns.leave(guests.swap_remove(index)),
            1..3 => turns.wake(id),
            3..6 => {
                let _begun = turns.begin(id, Waker::noop());
                None
            }
            _ => turns.end(id, next(8_000_000) as u64),
        };
        let stages = |stage| {
            turns
                .guests
                .values()
                .filter(|guest| guest.stage == stage)
                .count()
        };
        let queued: usize = turns.queues.values().map(VecDeque::len).sum();
        assert_eq!(stages(Stage::Queued), queued);
        let waiting = shares
            .iter()
            .map(|share| share.queued.load(Ordering::Relaxed));
        assert_eq!(waiting.sum::<usize>(), queued);
        let given = [Stage::Given, Stage::Running, Stage::RunningAgain].map(stages);
        assert_eq!(turns.free + given.iter().sum::<usize>(), 3);
        assert!(
            turns.free == 0 || queued == 0,
            "a guest waits beside a free turn"
        );
        assert!(turns.queues.values().all(|queue| !queue.is_empty()));
    }
    for id in guests {
        let _given = turns.leave(id);
    }
    assert_eq!(
        (turns.free, turns.queues.len(), turns.guests.len()),
        (3, 0, 0)
    );
}
