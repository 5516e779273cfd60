//! A request on its way to an instance: what every contract needs of it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use http::request::Parts;
use tokio::time::Instant;
use wasmtime::component::InstancePre;

use crate::admission::Permit;
use crate::app::App;
use crate::error::{Error, Kind};
use crate::failure;
use crate::input::Stream;
use crate::instance::Live;
use crate::meter::Meter;
use crate::request::Origin;
use crate::state::State;

/// An admitted request.
pub(crate) struct Call {
    pub(crate) app: Arc<App>,
    pub(crate) parts: Parts,
    pub(crate) stream: Stream,
    pub(crate) origin: Origin,
    /// Counts the CPU time of whoever serves it.
    pub(crate) meter: Arc<Meter>,
    pub(crate) permit: Permit,
    /// An instance that is used again.
    pub(crate) kept: Option<Live>,
}

/// A request and the instance that serves it.
pub(crate) struct Entered {
    pub(crate) app: Arc<App>,
    pub(crate) parts: Parts,
    pub(crate) origin: Origin,
    pub(crate) live: Live,
    /// Which of the instance's inputs is the request's.
    pub(crate) generation: u32,
}

impl Call {
    /// Takes the instance that was kept, or makes one.
    pub(crate) async fn enter(self, component: &InstancePre<State>) -> Result<Entered, Error> {
        let Self {
            app,
            parts,
            stream,
            origin,
            meter,
            permit,
            kept,
        } = self;
        let mut live = match kept {
            Some(live) => {
                meter.reset();
                live
            }
            None => instantiate(&app, meter, component).await?,
        };
        live.permit = Some(permit);
        live.served += 1;
        live.rearm();
        let generation = live.store.data_mut().begin(origin.request_id, stream);
        Ok(Entered {
            app,
            parts,
            origin,
            live,
            generation,
        })
    }
}

async fn instantiate(
    app: &App,
    meter: Arc<Meter>,
    component: &InstancePre<State>,
) -> Result<Live, Error> {
    let mut store = app.store(meter);
    match component.instantiate_async(&mut store).await {
        Ok(instance) => Ok(Live {
            store,
            instance,
            served: 0,
            permit: None,
        }),
        Err(error) => Err(failure::of_instantiation(&error, store.data())),
    }
}

/// Waits for a response's head until the deadline.
pub(crate) async fn until<T>(
    deadline: Instant,
    app: &App,
    head: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let mut head = pin!(head);
    // Most guests answer without a wait, and need no timer.
    if let Poll::Ready(result) = poll_fn(|cx| Poll::Ready(head.as_mut().poll(cx))).await {
        return result;
    }
    // Limit: Limits::wall
    let limited = tokio::time::timeout_at(deadline, head).await;
    limited.unwrap_or_else(|_| {
        let wall = app.settings.limits.wall;
        Err(Error::new(
            Kind::WallLimit,
            format!("it made no response head within {wall:?}"),
        ))
    })
}
