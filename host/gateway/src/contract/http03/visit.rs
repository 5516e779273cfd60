//! A request in an instance that it shares.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use wasmtime::component::{Accessor, AccessorTask};
use wasmtime_wasi_http::p3::Request;
use wasmtime_wasi_http::p3::bindings::Service;
use wasmtime_wasi_http::{WasiBody, WasiHttpView};

use super::refused;
use super::shared::Shared;
use super::watch::{Watch, is_last};
use crate::admission::Permit;
use crate::error::Error;
use crate::input::{Outcome, Stream};
use crate::push::Reply;
use crate::request_id::RequestId;
use crate::state::State;

/// A request before the guest has it.
pub(super) struct Arrival {
    pub(super) request: Request,
    /// What the guest says of how it read the request's body.
    pub(super) transmission: Transmission,
    pub(super) reply: Reply,
}

/// How a transfer of a body went.
pub(super) type Transmission =
    Pin<Box<dyn Future<Output = Result<(), wasmtime_wasi_http::Error>> + Send>>;

/// What the host and the instance know of one request.
pub(super) struct Visit {
    /// Tells it from the others of its instance.
    pub(super) id: u64,
    /// None: it has begun, or has left before it could.
    request: Mutex<Option<Arrival>>,
    request_id: RequestId,
    /// The request's body, which is closed when the request is over.
    input: Outcome,
    /// The guest has answered.
    is_answered: AtomicBool,
    /// The response's body was taken to its end.
    is_delivered: AtomicBool,
    /// Nobody waits for more of the response's body.
    is_abandoned: AtomicBool,
    /// The guest answered with an error.
    is_refused: AtomicBool,
}

impl Visit {
    pub(super) fn new(id: u64, request: Arrival, request_id: RequestId, input: Outcome) -> Self {
        Self {
            id,
            request: Mutex::new(Some(request)),
            request_id,
            input,
            is_answered: AtomicBool::new(false),
            is_delivered: AtomicBool::new(false),
            is_abandoned: AtomicBool::new(false),
            is_refused: AtomicBool::new(false),
        }
    }

    fn take(&self) -> Option<Arrival> {
        let mut request = self.request.lock().unwrap_or_else(PoisonError::into_inner);
        request.take()
    }

    /// Whether the guest has answered, and its response was delivered.
    fn is_served(&self) -> bool {
        self.is_answered.load(Ordering::Acquire) && self.is_delivered.load(Ordering::Acquire)
    }
}

/// The part of a visit that runs in the instance's event loop: the call of the guest.
pub(super) struct Serving {
    pub(super) service: Arc<Service>,
    pub(super) visit: Arc<Visit>,
    pub(super) watch: Arc<Watch>,
}

impl AccessorTask<State> for Serving {
    async fn run(self, accessor: &Accessor<State>) -> wasmtime::Result<()> {
        let Self {
            service,
            visit,
            watch,
        } = self;
        let Some(arrival) = visit.take() else {
            return Ok(());
        };
        let Arrival {
            request,
            transmission,
            reply,
        } = arrival;
        let handle = service.wasi_http_handler().func_handle();
        let call = accessor.with(|mut store| {
            let state = store.data_mut();
            state.begin(visit.request_id, Stream::default());
            let request = state.http().table.push(request)?;
            let call = handle.start_call_concurrent(&mut store, (request,))?;
            store.data_mut().tasks.begin(call.task());
            Ok::<_, wasmtime::Error>(call)
        })?;
        let (answer,) = handle.finish_call_concurrent(accessor, call).await?;
        let answer = match answer {
            Ok(response) => Ok(accessor.with(|mut store| {
                let response = store.data_mut().http().table.delete(response)?;
                response.into_http(store, transmission)
            })?),
            Err(code) => {
                visit.is_refused.store(true, Ordering::Release);
                Err(refused(&code))
            }
        };
        visit.is_answered.store(true, Ordering::Release);
        let delivered = |body| Delivered { body, visit }.boxed_unsync();
        reply.set(answer.map(|response| response.map(|body| delivered(watch.body(body)))));
        Ok(())
    }
}

/// A response's body that says how far it was taken.
struct Delivered {
    body: WasiBody,
    visit: Arc<Visit>,
}

impl Body for Delivered {
    type Data = Bytes;
    type Error = wasmtime_wasi_http::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if is_last(&frame) && !matches!(frame, Poll::Ready(Some(Err(_)))) {
            self.visit.is_delivered.store(true, Ordering::Release);
        }
        frame
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Delivered {
    fn drop(&mut self) {
        self.visit.is_abandoned.store(true, Ordering::Release);
    }
}

/// The part of a visit that runs in the request's task: it drives the instance until the request
/// is served.
pub(super) struct Visiting {
    shared: Arc<Shared>,
    visit: Arc<Visit>,
    /// Whether it has left.
    has_left: bool,
    _permit: Permit,
}

impl Visiting {
    pub(super) fn new(shared: Arc<Shared>, visit: Arc<Visit>, permit: Permit) -> Self {
        Self {
            shared,
            visit,
            has_left: false,
            _permit: permit,
        }
    }

    /// Leaves if nothing is left to do for the request.
    fn leave_if_over(&mut self) -> bool {
        let visit = &self.visit;
        if visit.is_refused.load(Ordering::Acquire) {
            self.leave(false);
            return true;
        }
        let is_abandoned = visit.is_abandoned.load(Ordering::Acquire);
        if !(visit.is_served() || is_abandoned) || !self.shared.may_be_left() {
            return false;
        }
        // A body that nobody asked for, as that to a HEAD request, is well if it is over too.
        let well = visit.is_served() || self.shared.is_quiet();
        self.leave(well);
        true
    }

    fn leave(&mut self, well: bool) {
        if !std::mem::replace(&mut self.has_left, true) {
            // It must not begin any more, nor read on.
            drop(self.visit.take());
            self.visit.input.close();
            self.shared.leave(self.visit.id, well);
        }
    }
}

impl Future for Visiting {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.leave_if_over() {
            return Poll::Ready(Ok(()));
        }
        if let Err(error) = self.shared.drive(self.visit.id, cx) {
            self.leave(false);
            return Poll::Ready(Err(error));
        }
        if self.leave_if_over() {
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    }
}

impl Drop for Visiting {
    /// A request that was served leaves well whenever it is let go; any other retires the instance,
    /// because its task goes on there.
    fn drop(&mut self) {
        let well = self.visit.is_served();
        self.leave(well);
    }
}
