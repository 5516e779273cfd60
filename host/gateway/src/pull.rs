//! A guest that is pulled: it answers with one call, and with one more for each chunk of its body.
//!
//! Owns the check of an answer, and the body that asks for the next chunk when the client takes it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::Frame;
use tokio::time::Instant;
use wasmtime::component::ResourceAny;

use crate::app::App;
use crate::body::Body;
use crate::call::{self, Call, Entered};
use crate::contract::native::{Answer, Content, Native};
use crate::error::Error;
use crate::failure;
use crate::idle::{Idle, too_idle};
use crate::instance::Live;
use crate::lane::Run;
use crate::response::{self, Head};
use crate::wrapped::Wrapped;

/// Answers a request.
pub(crate) async fn answer(
    native: &Arc<Native>,
    call: Call,
    deadline: Instant,
) -> Result<Response<Body>, Error> {
    let app = Arc::clone(&call.app);
    let meter = Arc::clone(&call.meter);
    let run = Run::new(
        &app.lanes,
        &app.account,
        meter,
        handle(Arc::clone(native), call),
    );
    call::until(deadline, &app, async { run.await? }).await
}

async fn handle(native: Arc<Native>, call: Call) -> Result<Response<Body>, Error> {
    let mut entered = call.enter(native.pre()).await?;
    let Entered {
        app,
        live,
        parts,
        origin,
        generation,
    } = &mut entered;
    if let Some(next) = app.next() {
        let wrapped = Wrapped::new(next, origin, *generation, &app.settings.limits);
        live.store.data_mut().wrapped = Some(Box::new(wrapped));
    }
    let answer = native.handle(live, parts, origin, *generation).await;
    let state = live.store.data_mut();
    let answer = match answer {
        Ok(Ok(answer)) => answer,
        Ok(Err(message)) => return Err(failure::of_guest(&message, state)),
        Err(error) => return Err(failure::of_call(&error, state)),
    };
    if let Some(error) = state.input.client_error() {
        return Err(error);
    }
    respond(&native, entered, answer).await
}

/// Checks an answer and makes the response of it.
async fn respond(
    native: &Arc<Native>,
    entered: Entered,
    answer: Answer,
) -> Result<Response<Body>, Error> {
    let Entered {
        app, live, parts, ..
    } = entered;
    let Answer {
        status,
        fields,
        content,
    } = answer;
    let head = Head::new(status, fields, &app.settings.limits);
    let mut head = head.map_err(|error| blame(error, &live))?;
    let has_body = head.has_body(&parts.method);
    let body = match content {
        Content::Chunks(body) if has_body && head.length != Some(0) => {
            let trailers = head.announces_trailers();
            let source = Source {
                native: Arc::clone(native),
                app,
                live: Box::new(live),
                body,
                trailers,
            };
            let body = Body::pulled(Pulled::new(source, head.length));
            return Ok(head.with(body));
        }
        Content::Chunks(body) => {
            if !has_body {
                head.forget_body(&parts.method, None);
            }
            close(&app, live, body).await?;
            return Ok(head.with(Body::empty()));
        }
        Content::Bytes(bytes) => bytes,
        Content::Empty => Bytes::new(),
    };
    let length = body.len() as u64;
    if has_body {
        head.check_length(length)
            .map_err(|error| blame(error, &live))?;
    } else {
        head.forget_body(&parts.method, (length > 0).then_some(length));
    }
    app.release(live);
    Ok(head.with(if has_body {
        Body::whole(body)
    } else {
        Body::empty()
    }))
}

/// Drops a body that nobody wants: WSGI's `close()`.
async fn close(app: &App, mut live: Live, body: ResourceAny) -> Result<(), Error> {
    match body.resource_drop_async(&mut live.store).await {
        Ok(()) => {
            app.release(live);
            Ok(())
        }
        Err(error) => Err(failure::of_call(&error, live.store.data())),
    }
}

fn blame(error: Error, live: &Live) -> Error {
    error.with_report(failure::report(None, live.store.data()))
}

/// A body that the guest makes.
pub(crate) struct Pulled {
    app: Arc<App>,
    stage: Stage,
    /// The wait for the guest's next chunk.
    wait: Idle,
    /// What the declared length leaves.
    left: Option<u64>,
}

enum Stage {
    /// Between two chunks.
    Idle(Source),
    /// The guest makes the next one. With it, the chunk that completed the declared length: it is
    /// held back until the guest has said that it is the last.
    Running {
        run: Run<Result<Step, Error>>,
        held: Option<Bytes>,
    },
    Over,
}

/// Where chunks come from.
struct Source {
    native: Arc<Native>,
    app: Arc<App>,
    live: Box<Live>,
    body: ResourceAny,
    /// Whether the head announced trailers.
    trailers: bool,
}

/// What one call of the guest came to.
enum Step {
    Chunk(Source, Bytes),
    End(Option<HeaderMap>),
}

impl Pulled {
    fn new(source: Source, length: Option<u64>) -> Self {
        Self {
            app: Arc::clone(&source.app),
            stage: Stage::Idle(source),
            wait: Idle::default(),
            left: length,
        }
    }

    /// What the declared length leaves.
    pub(crate) fn left(&self) -> Option<u64> {
        self.left
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Over => return Poll::Ready(None),
                Stage::Idle(source) => self.stage = Self::run(source, None),
                Stage::Running { mut run, held } => {
                    let Poll::Ready(step) = Pin::new(&mut run).poll(cx) else {
                        let limit = self.app.settings.limits.idle;
                        if self.wait.poll(limit, cx).is_ready() {
                            return Poll::Ready(Some(Err(too_idle(limit))));
                        }
                        self.stage = Stage::Running { run, held };
                        return Poll::Pending;
                    };
                    self.wait.reset();
                    match self.advance(step, held) {
                        Ok(Some(frame)) => return Poll::Ready(frame.map(Ok)),
                        Ok(None) => {}
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    }
                }
            }
        }
    }

    fn run(source: Source, held: Option<Bytes>) -> Stage {
        let meter = source.live.meter();
        let app = Arc::clone(&source.app);
        Stage::Running {
            run: Run::new(&app.lanes, &app.account, meter, source.step()),
            held,
        }
    }

    /// Takes what the guest made. Returns the frame that follows, or nothing if it has to go on.
    fn advance(
        &mut self,
        step: Result<Result<Step, Error>, Error>,
        held: Option<Bytes>,
    ) -> Result<Option<Option<Frame<Bytes>>>, Error> {
        let (source, chunk) = match (step??, held) {
            (Step::Chunk(source, _), Some(_)) => return Err(too_long(&source)),
            (Step::Chunk(source, chunk), None) => (source, chunk),
            (Step::End(_), Some(held)) => return Ok(Some(Some(Frame::data(held)))),
            (Step::End(trailers), None) => {
                if let Some(left) = self.left.filter(|&left| left > 0) {
                    return Err(response::bad(format!(
                        "its body ended {left} bytes before its content-length"
                    )));
                }
                return Ok(Some(trailers.map(Frame::trailers)));
            }
        };
        if let Some(left) = &mut self.left {
            let Some(rest) = left.checked_sub(chunk.len() as u64) else {
                return Err(too_long(&source));
            };
            *left = rest;
            if rest == 0 {
                self.stage = Self::run(source, Some(chunk));
                return Ok(None);
            }
        }
        self.stage = Stage::Idle(source);
        Ok(Some(Some(Frame::data(chunk))))
    }
}

fn too_long(source: &Source) -> Error {
    response::bad("its body goes on after its content-length".to_owned())
        .with_report(failure::report(None, source.live.store.data()))
}

impl Source {
    /// Asks the guest for its next chunk that is not empty, or for the end.
    async fn step(mut self) -> Result<Step, Error> {
        self.live.rearm();
        loop {
            let Live {
                store, instance, ..
            } = &mut *self.live;
            match self.native.next(store, instance, self.body).await {
                Ok(Ok(Some(chunk))) if chunk.is_empty() => {
                    tokio::task::coop::consume_budget().await;
                }
                Ok(Ok(Some(chunk))) => return Ok(Step::Chunk(self, chunk)),
                Ok(Ok(None)) => return self.end().await.map(Step::End),
                Ok(Err(message)) => {
                    return Err(failure::of_guest(&message, self.live.store.data_mut()));
                }
                Err(error) => return Err(failure::of_call(&error, self.live.store.data())),
            }
        }
    }

    /// Takes the trailers, closes the body and gives the instance back.
    async fn end(mut self) -> Result<Option<HeaderMap>, Error> {
        let Live {
            store, instance, ..
        } = &mut *self.live;
        let mut trailers = None;
        if self.trailers {
            let fields = self.native.trailers(store, instance, self.body).await;
            let fields = fields.map_err(|error| failure::of_call(&error, store.data()))?;
            trailers = Some(response::headers(fields, &self.app.settings.limits)?);
        }
        let closed = self.body.resource_drop_async(&mut *store).await;
        closed.map_err(|error| failure::of_call(&error, store.data()))?;
        self.app.release(*self.live);
        Ok(trailers)
    }
}
