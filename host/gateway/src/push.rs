//! A guest that pushes: it runs once for a request, says its head when it wants to, and writes its
//! body as it goes.
//!
//! The guest runs while its response's body is polled, in the same task; nothing waits in between
//! but what [`crate::outbox`] holds. Owns the order of the two. Must not know a contract.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::response::Parts;
use http::{Method, Response};
use tokio::runtime::Handle;
use tokio::time::Instant;
use wasmtime_wasi_http::WasiBody;

use crate::app::App;
use crate::body::Body;
use crate::call::{self, Call};
use crate::error::{Error, Kind};
use crate::input::Outcome;
use crate::lane::Run;
use crate::pushed::{Beginning, Pushed, failed};
use crate::request_id::RequestId;
use crate::response::Head;

/// Where a guest's head and the body that follows it are put, once.
#[derive(Clone, Default)]
pub(crate) struct Reply {
    slot: Arc<Mutex<Slot>>,
}

/// Says, among a response's extensions, that the response to a request for this target is to stand
/// in its place (RFC 3875, section 6.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalRedirect(pub String);

/// What a guest has answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    #[default]
    Unset,
    Response,
    Error,
}

#[derive(Default)]
struct Slot {
    answer: Option<Result<Response<WasiBody>, Error>>,
    stage: Stage,
    /// Who waits for the head.
    waker: Option<Waker>,
}

impl Reply {
    /// Answers the request. Only the first answer counts.
    pub(crate) fn set(&self, answer: Result<Response<WasiBody>, Error>) {
        let mut slot = self.lock();
        if slot.stage == Stage::Unset {
            slot.stage = if answer.is_ok() {
                Stage::Response
            } else {
                Stage::Error
            };
            slot.answer = Some(answer);
            if let Some(waker) = slot.waker.take() {
                waker.wake();
            }
        }
    }

    /// What was answered: nothing, a response, or an error.
    pub(crate) fn stage(&self) -> Stage {
        self.lock().stage
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<Result<Response<WasiBody>, Error>> {
        let mut slot = self.lock();
        match slot.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                slot.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers a request with a guest that `serve` runs.
///
/// What `serve` returns fails if the guest ended without an answer.
pub(crate) async fn answer<F>(
    call: Call,
    deadline: Instant,
    serve: impl FnOnce(Call, Reply) -> F,
) -> Result<Response<Body>, Error>
where
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let (app, meter) = (Arc::clone(&call.app), Arc::clone(&call.meter));
    let (outcome, request_id) = (call.stream.outcome(), call.origin.request_id);
    let method = call.parts.method.clone();
    let reply = Reply::default();
    let run = Run::new(&app.lanes, &app.account, meter, serve(call, reply.clone()));
    let mut guest = Guest {
        app: Arc::clone(&app),
        request_id,
        outcome,
        run: Some(run),
        error: None,
    };
    let head = poll_fn(|cx| guest.poll_head(&reply, cx));
    let response = call::until(deadline, &app, head).await?;
    if let Some(error) = guest.outcome.client_error() {
        return Err(error);
    }
    let (parts, body) = response.into_parts();
    let mut body = Some(body);
    let beginning = poll_fn(|cx| match body.take() {
        Some(body) => Poll::Ready(Beginning::of(&mut guest, body, cx)),
        None => Poll::Pending,
    });
    let beginning = beginning.await;
    respond(guest, parts, beginning, &method)
}

/// A guest that runs, or has run.
pub(crate) struct Guest {
    pub(crate) app: Arc<App>,
    request_id: RequestId,
    /// How it went with the request's body.
    pub(crate) outcome: Outcome,
    /// None: it has ended.
    run: Option<Run<Result<(), Error>>>,
    /// How it has ended.
    pub(crate) error: Option<Error>,
}

impl Guest {
    /// Runs the guest until it waits or ends.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(run) = &mut self.run else {
            return Poll::Ready(());
        };
        let Poll::Ready(result) = Pin::new(run).poll(cx) else {
            return Poll::Pending;
        };
        self.run = None;
        self.error = result.and_then(|result| result).err();
        Poll::Ready(())
    }

    fn poll_head(
        &mut self,
        reply: &Reply,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<WasiBody>, Error>> {
        // While the guest runs here, its answer need not wake anybody.
        let before = reply.poll(&for_now());
        let ended = before.is_pending() && self.poll(cx).is_ready();
        let answer = match before {
            Poll::Pending => reply.poll(cx),
            answer @ Poll::Ready(_) => answer,
        };
        match answer {
            Poll::Pending if ended => Poll::Ready(Err(self.error.take().unwrap_or_else(|| {
                Error::new(Kind::Bug, "the guest ended without an answer or an error")
            }))),
            answer => answer,
        }
    }

    /// Lets a guest whose response is complete go on by itself, within limits.
    pub(crate) fn finish_later(mut self) {
        // Most have ended, or do so now.
        let _ended = self.poll(&mut for_now());
        let Self {
            app,
            request_id,
            run,
            error,
            outcome: _,
        } = self;
        let Some(run) = run else {
            log(&app, request_id, error);
            return;
        };
        // Outside of a runtime there is no later.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                // Limit: Limits::wall
                let result = tokio::time::timeout(app.settings.limits.wall, run).await;
                let error = match result {
                    Ok(result) => result.and_then(|result| result).err(),
                    Err(_) => Some(Error::new(
                        Kind::WallLimit,
                        "it went on for too long after its response",
                    )),
                };
                log(&app, request_id, error);
            });
        }
    }
}

/// Tells of an error that no response and no access log shows any more.
fn log(app: &App, request_id: RequestId, error: Option<Error>) {
    if let Some(error) = error {
        let (app, code) = (&app.settings.name, error.kind().code());
        tracing::warn!(app, %request_id, code, "after its response: {}", error.chain());
    }
}

/// A context for a poll whose result is looked at again before anybody waits.
pub(crate) fn for_now() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// Checks the head and makes the response.
fn respond(
    mut guest: Guest,
    mut parts: Parts,
    beginning: Beginning,
    method: &Method,
) -> Result<Response<Body>, Error> {
    if let Some(redirect) = parts.extensions.remove::<LocalRedirect>() {
        guest.finish_later();
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(redirect);
        return Ok(response);
    }
    let limits = &guest.app.settings.limits;
    let mut head = Head::from_map(parts.status.as_u16(), parts.headers, limits)?;
    let has_body = head.has_body(method);
    match beginning {
        Beginning::Whole(bytes) => {
            let length = bytes.len() as u64;
            if has_body {
                head.check_length(length)?;
            } else {
                head.forget_body(method, (length > 0).then_some(length));
            }
            guest.finish_later();
            Ok(head.with(Body::whole(if has_body { bytes } else { Bytes::new() })))
        }
        Beginning::Part(_, body) if !has_body => {
            drop(body);
            head.forget_body(method, None);
            guest.finish_later();
            Ok(head.with(Body::empty()))
        }
        Beginning::Part(pieces, body) => {
            // Nothing has left yet: the client can still be told.
            if let Some(error) = guest.error.take() {
                return Err(error);
            }
            if let Some(Err(error)) = pieces.back() {
                return Err(failed(error));
            }
            let pushed = Pushed::new(guest, pieces, body, head.length);
            Ok(head.with(Body::pushed(pushed)))
        }
    }
}
