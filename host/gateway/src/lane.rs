//! Where a guest runs: on the thread that serves its connection, and once it has used much CPU, on
//! a thread of lower priority.
//!
//! Most requests end within microseconds, and for those a task of their own would cost more than
//! the work. A guest that computes for long moves to the background, where it can only take what
//! the others leave; and so does every guest of an app that uses more than its share while others
//! want to run. Owns the polling of every guest, and when it moves.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;

use crate::account::Account;
use crate::background::Background;
use crate::error::{Error, Kind};
use crate::meter::Meter;
use crate::ticker::Ticker;

/// A guest's call, boxed.
type Call<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What every guest of a gateway shares.
pub(crate) struct Lanes {
    pub(crate) ticker: Arc<Ticker>,
    pub(crate) background: Background,
}

/// A running call of a guest. Dropping it ends the guest.
pub(crate) struct Run<T> {
    place: Place<T>,
}

enum Place<T> {
    Here(Metered<T>),
    Away(AbortOnDropHandle<Result<T, Error>>),
    /// Between the two, or over.
    Nowhere,
}

impl<T: Send + 'static> Run<T> {
    /// A call that has not started.
    pub(crate) fn new(
        lanes: &Arc<Lanes>,
        account: &Arc<Account>,
        meter: Arc<Meter>,
        call: impl Future<Output = T> + Send + 'static,
    ) -> Self {
        Self {
            place: Place::Here(Metered {
                call: Box::pin(call),
                meter,
                account: Arc::clone(account),
                lanes: Arc::clone(lanes),
            }),
        }
    }

    /// A call that starts in the background, for what is sure to compute for long. It has a meter
    /// of its own.
    pub(crate) fn in_background(
        lanes: &Arc<Lanes>,
        account: &Arc<Account>,
        call: impl Future<Output = T> + Send + 'static,
    ) -> Self {
        let mut run = Self::new(lanes, account, Arc::default(), call);
        run.move_away();
        run
    }

    /// Moves a call to the background.
    fn move_away(&mut self) {
        let place = std::mem::replace(&mut self.place, Place::Nowhere);
        self.place = match place {
            Place::Here(metered) => {
                let lanes = Arc::clone(&metered.lanes);
                match lanes.background.threads() {
                    Some(threads) => {
                        let share = Arc::clone(&metered.account.share);
                        let meter = Arc::clone(&metered.meter);
                        Place::Away(threads.spawn(&share, meter, metered))
                    }
                    // Without threads for it, it goes on where it is.
                    None => Place::Here(metered),
                }
            }
            place => place,
        };
    }
}

impl<T: Send + 'static> Future for Run<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Place::Here(metered) = &self.place
            && metered.account.is_over()
        {
            self.move_away();
        }
        if let Place::Here(metered) = &mut self.place {
            let poll = Pin::new(&mut *metered).poll(cx);
            if poll.is_ready() || !metered.meter.is_heavy() {
                return poll;
            }
            self.move_away();
        }
        match &mut self.place {
            Place::Away(task) => Pin::new(task)
                .poll(cx)
                .map(|result| result.unwrap_or_else(|error| Err(lost(error)))),
            Place::Here(_) => Poll::Pending,
            Place::Nowhere => unreachable!("a call is in one place until it is over"),
        }
    }
}

/// A call whose polls are counted and whose panics end nothing but itself.
struct Metered<T> {
    call: Call<T>,
    meter: Arc<Meter>,
    account: Arc<Account>,
    lanes: Arc<Lanes>,
}

impl<T> Future for Metered<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self {
            call,
            meter,
            account,
            lanes,
        } = &mut *self;
        lanes.ticker.keep_awake();
        lanes.ticker.accounts().note(account);
        let poll = AssertUnwindSafe(|| meter.measure(|| call.as_mut().poll(cx)));
        let poll = catch_unwind(poll);
        account.charge(meter.last());
        match poll {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(bug(&*panic))),
        }
    }
}

/// The error of a call whose task was ended from outside, as when the host stops.
fn lost(error: JoinError) -> Error {
    Error::new(Kind::Bug, "the host ended the call").with_source(error)
}

/// The error of a host that panicked.
fn bug(panic: &(dyn Any + Send)) -> Error {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Error::new(Kind::Bug, format!("the host panicked: {message}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ticker::TICK;

    fn lanes() -> Arc<Lanes> {
        Arc::new(Lanes {
            ticker: Arc::new(Ticker::start().unwrap()),
            background: Background::default(),
        })
    }

    fn run<T: Send + 'static>(
        lanes: &Arc<Lanes>,
        account: &Arc<Account>,
        call: impl Future<Output = T> + Send + 'static,
    ) -> Run<T> {
        Run::new(lanes, account, Arc::default(), call)
    }

    fn alone<T: Send + 'static>(call: impl Future<Output = T> + Send + 'static) -> Run<T> {
        let lanes = lanes();
        let account = lanes.ticker.accounts().open("alone", 100);
        run(&lanes, &account, call)
    }

    async fn thread_name() -> String {
        std::thread::current().name().unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn a_short_call_stays_where_it_is() {
        let here = thread_name().await;
        let run = alone(thread_name());
        assert_eq!(run.await.unwrap(), here);
    }

    #[tokio::test]
    async fn a_long_call_moves_to_the_background() {
        let here = thread_name().await;
        let run = alone(async move {
            // Each pass computes for a tick and makes room, as a guest does that is ticked.
            while thread_name().await == here {
                let began = std::time::Instant::now();
                while began.elapsed() < TICK {}
                tokio::task::yield_now().await;
            }
            thread_name().await
        });
        assert_eq!(run.await.unwrap(), "wasgi-background");
    }

    #[tokio::test]
    async fn a_call_of_an_app_that_uses_more_than_its_share_starts_in_the_background() {
        let here = thread_name().await;
        let lanes = lanes();
        let accounts = lanes.ticker.accounts();
        let [modest, greedy] = ["modest", "greedy"].map(|name| accounts.open(name, 100));
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while !greedy.is_over() {
            assert!(tokio::time::Instant::now() < deadline);
            // It is as if every thread computed for it.
            greedy.charge(1_000_000_000);
            for account in [&modest, &greedy] {
                run(&lanes, account, tokio::task::yield_now())
                    .await
                    .unwrap();
            }
        }
        let moved = run(&lanes, &greedy, thread_name()).await.unwrap();
        assert_eq!(moved, "wasgi-background");
        assert_eq!(run(&lanes, &modest, thread_name()).await.unwrap(), here);
    }

    #[tokio::test]
    async fn calls_in_the_background_are_woken_and_can_be_dropped() {
        let lanes = lanes();
        let account = lanes.ticker.accounts().open("alone", 100);
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let mut waiting = run(&lanes, &account, receiver);
        let mut dropped = run(&lanes, &account, std::future::pending::<()>());
        waiting.move_away();
        dropped.move_away();
        drop(dropped);
        sender.send("woken").unwrap();
        assert_eq!(waiting.await.unwrap().unwrap(), "woken");
    }

    #[tokio::test]
    async fn a_panic_is_an_error_of_that_call() {
        let run = alone::<()>(async { panic!("of {}", "mine") });
        let error = run.await.unwrap_err();
        assert_eq!(error.kind(), Kind::Bug);
        assert!(error.to_string().contains("of mine"), "{error}");
    }
}
