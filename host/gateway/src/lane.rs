//! Where a guest runs: on the thread that serves its connection, and once it has used much CPU, on
//! a thread of lower priority.
//!
//! Most requests end within microseconds, and for those a task of their own would cost more than
//! the work. A guest that computes for long moves to the background, where it can only take what
//! the others leave. Owns the background threads, and the polling of every guest.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;

use crate::error::{Error, Kind};
use crate::meter::Meter;
use crate::ticker::Ticker;

/// The nice value of the background threads.
const BACKGROUND_NICE: i32 = 10;

/// A guest's call, boxed.
type Call<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The background threads. They start with the first guest that needs them.
#[derive(Debug, Default)]
pub(crate) struct Background {
    runtime: OnceLock<Option<Runtime>>,
}

impl Background {
    fn runtime(&self) -> Option<&Runtime> {
        self.runtime.get_or_init(|| Self::start().ok()).as_ref()
    }

    fn start() -> std::io::Result<Runtime> {
        Builder::new_multi_thread()
            .thread_name("wasgi-background")
            .enable_time()
            .on_thread_start(lower_priority)
            .build()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // A runtime must not be dropped where blocking is not allowed, and its owner may be there.
        if let Some(runtime) = self.runtime.take().flatten() {
            runtime.shutdown_background();
        }
    }
}

fn lower_priority() {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), BACKGROUND_NICE) {
        tracing::warn!("cannot lower the priority of a background thread: {error}");
    }
}

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
        meter: Arc<Meter>,
        call: impl Future<Output = T> + Send + 'static,
    ) -> Self {
        let (call, lanes) = (Box::pin(call), Arc::clone(lanes));
        Self {
            place: Place::Here(Metered { call, meter, lanes }),
        }
    }

    /// Moves a call that has used much to the background.
    fn move_away(&mut self) {
        let place = std::mem::replace(&mut self.place, Place::Nowhere);
        self.place = match place {
            Place::Here(metered) => {
                let lanes = Arc::clone(&metered.lanes);
                match lanes.background.runtime() {
                    Some(runtime) => Place::Away(AbortOnDropHandle::new(runtime.spawn(metered))),
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
    lanes: Arc<Lanes>,
}

impl<T> Future for Metered<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { call, meter, lanes } = &mut *self;
        lanes.ticker.keep_awake();
        let poll = AssertUnwindSafe(|| meter.measure(|| call.as_mut().poll(cx)));
        match catch_unwind(poll) {
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
    use super::*;
    use crate::ticker::TICK;

    fn lanes() -> Arc<Lanes> {
        let engine = wasmtime::Engine::default();
        let ticker = Arc::new(Ticker::start(engine.weak()).unwrap());
        Arc::new(Lanes {
            ticker,
            background: Background::default(),
        })
    }

    async fn thread_name() -> String {
        std::thread::current().name().unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn a_short_call_stays_where_it_is() {
        let here = thread_name().await;
        let run = Run::new(&lanes(), Arc::default(), thread_name());
        assert_eq!(run.await.unwrap(), here);
    }

    #[tokio::test]
    async fn a_long_call_moves_to_the_background() {
        let here = thread_name().await;
        let run = Run::new(&lanes(), Arc::default(), async move {
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
    async fn a_panic_is_an_error_of_that_call() {
        let run = Run::<()>::new(&lanes(), Arc::default(), async { panic!("of {}", "mine") });
        let error = run.await.unwrap_err();
        assert_eq!(error.kind(), Kind::Bug);
        assert!(error.to_string().contains("of mine"), "{error}");
    }
}
