//! `wasi:http/handler@0.3`: the contract whose functions are asynchronous.
//!
//! Requests, responses and their streams are wasmtime's. Owns how an instance is driven: for as
//! long as its store is polled, its guest's tasks go on.

mod pool;
mod shared;
mod visit;
mod watch;

use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::task::Poll;

use wasmtime::Store;
use wasmtime::component::{Accessor, Component, Linker};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p3::Request;
use wasmtime_wasi_http::p3::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::p3::bindings::{Service, ServicePre};

pub(crate) use self::pool::Pool;
use self::shared::Shared;
use self::visit::{Arrival, Serving, Visit, Visiting};
use self::watch::Watch;
use super::http;
use crate::app::App;
use crate::call::Call;
use crate::error::{Error, Kind};
use crate::failure;
use crate::meter::Meter;
use crate::push::Reply;
use crate::settings::Reuse;
use crate::state::State;

/// A component of this contract, checked against the host once for all of its instances.
pub(crate) struct Http03 {
    pre: ServicePre<State>,
}

impl Http03 {
    /// Adds what this contract lets a guest import.
    pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wasmtime_wasi::p3::add_to_linker(linker)?;
        wasmtime_wasi_http::p3::add_to_linker(linker)
    }

    /// Matches a component's imports and exports with the host's.
    pub(crate) fn new(linker: &Linker<State>, component: &Component) -> wasmtime::Result<Self> {
        let pre = ServicePre::new(linker.instantiate_pre(component)?)?;
        Ok(Self { pre })
    }
}

/// Runs a guest for one request, in an instance of its own.
pub(crate) async fn serve(http: Arc<Http03>, call: Call, reply: Reply) -> Result<(), Error> {
    let Call {
        app,
        parts,
        stream,
        origin,
        meter,
        permit,
        kept: _,
    } = call;
    let mut store = app.store(meter);
    let state = store.data_mut();
    state.begin(origin.request_id, stream);
    let stream = state.input.take();
    let request = http::absolute(parts, &origin, stream)?;
    let (request, transmission) = Request::from_http(state.http().hooks, request);
    let arrival = Arrival {
        request,
        transmission: Box::pin(transmission),
        reply,
    };
    let service = http.pre.instantiate_async(&mut store).await;
    let service = service.map_err(|error| failure::of_instantiation(&error, store.data()))?;
    let watch = Arc::<Watch>::default();
    let result = handle(&mut store, &service, arrival, &watch).await;
    if !matches!(result, Ok(Ok(()))) {
        watch.fail();
    }
    let result = match result {
        Ok(Ok(())) => Ok(()),
        Ok(Err(code)) => Err(refused(&code).with_report(failure::report(None, store.data()))),
        Err(error) => Err(failure::of_call(&error, store.data())),
    };
    // The memory is free before the permit lets another request in.
    drop(store);
    drop(permit);
    result
}

async fn handle(
    store: &mut Store<State>,
    service: &Service,
    arrival: Arrival,
    watch: &Arc<Watch>,
) -> wasmtime::Result<Result<(), ErrorCode>> {
    let Arrival {
        request,
        transmission,
        reply,
    } = arrival;
    let driven = store.run_concurrent(async |accessor| {
        let response = match service.handle(accessor, request).await? {
            Ok(response) => response,
            Err(code) => return Ok(Err(code)),
        };
        let response = accessor.with(|store| response.into_http(store, transmission))?;
        reply.set(Ok(response.map(|body| watch.body(body))));
        // The guest may write its body, and work, for as long as it likes after it has returned.
        poll_fn(|cx| watch.poll_over(cx)).await;
        poll_fn(|cx| accessor.poll_no_interesting_tasks(cx)).await;
        Ok(Ok(()))
    });
    driven.await?
}

/// Runs a guest for one request, in an instance that it shares with others.
pub(crate) async fn share(
    http: Arc<Http03>,
    call: Call,
    bounds: Reuse,
    reply: Reply,
) -> Result<(), Error> {
    let Call {
        app,
        parts,
        stream,
        origin,
        meter: _,
        permit,
        kept: _,
    } = call;
    let outcome = stream.outcome();
    let request = http::absolute(parts, &origin, stream)?;
    let (request, transmission) = Request::from_http(&mut http::Hooks::default(), request);
    let arrival = Arrival {
        request,
        transmission: Box::pin(transmission),
        reply,
    };
    let visit = Visit::new(app.shared.next_id(), arrival, origin.request_id, outcome);
    let visit = Arc::new(visit);
    let shared = app
        .shared
        .enter(&visit, &bounds, || make(&http, &app, bounds));
    Visiting::new(shared, visit, permit).await
}

/// Makes an instance to share: its event loop, which begins with making the instance itself.
fn make(http: &Arc<Http03>, app: &App, bounds: Reuse) -> Arc<Shared> {
    let meter = Arc::<Meter>::default();
    let shared = Arc::new(Shared::new(Arc::clone(&meter)));
    let (http, host) = (Arc::clone(http), Arc::downgrade(&shared));
    let mut store = app.store(meter);
    store.data_mut().tasks.track();
    shared.begin(Box::pin(async move {
        let service = http.pre.instantiate_async(&mut store).await;
        let service = service.map_err(|error| failure::of_instantiation(&error, store.data()))?;
        let service = Arc::new(service);
        let driven =
            store.run_concurrent(async |accessor| accept(accessor, &service, &host, &bounds).await);
        let result = driven.await.and_then(|result| result);
        if let Some(shared) = host.upgrade() {
            // Before the store is gone, and the bodies end that came from it.
            shared.watch.fail();
        }
        result.map_err(|error| failure::of_call(&error, store.data()))
    }));
    shared
}

/// Begins the requests that come, for as long as there is anybody to have them.
async fn accept(
    accessor: &Accessor<State>,
    service: &Arc<Service>,
    host: &Weak<Shared>,
    bounds: &Reuse,
) -> wasmtime::Result<()> {
    loop {
        let next = poll_fn(|cx| {
            let Some(shared) = host.upgrade() else {
                return Poll::Ready(None);
            };
            let next = shared.next();
            shared.set_quiet(next.is_none() && accessor.poll_no_interesting_tasks(cx).is_ready());
            match next {
                Some(visit) => Poll::Ready(Some(visit)),
                None => Poll::Pending,
            }
        });
        let Some(visit) = next.await else {
            return Ok(());
        };
        let Some(shared) = host.upgrade() else {
            return Ok(());
        };
        let bytes = accessor.with(|mut store| store.data_mut().memory.bytes);
        // Limit: Reuse::memory
        if bytes > bounds.memory {
            shared.retire();
        }
        // Its handle could end it; it ends by itself, or with the instance.
        let _serving = accessor.spawn(Serving {
            service: Arc::clone(service),
            visit,
            watch: Arc::clone(&shared.watch),
        })?;
    }
}

/// The error of a guest that answered with an error of its own.
pub(crate) fn refused(code: &ErrorCode) -> Error {
    Error::new(
        Kind::GuestFailed,
        format!("it answered with the error {code:?}"),
    )
}
