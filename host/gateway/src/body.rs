//! The body of a response on its way to the client: nothing, one piece, or pulled chunk by chunk
//! from the guest as the client takes it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use wasmtime::component::ResourceAny;

use crate::app::App;
use crate::error::{Error, Kind};
use crate::failure;
use crate::instance::Live;
use crate::lane::Run;
use crate::response;

/// The body of a response. Dropping it before its end ends the guest that makes it.
pub struct Body {
    inner: Inner,
}

enum Inner {
    Empty,
    Whole(Bytes),
    Chunks(Box<Chunks>),
}

impl Body {
    pub(crate) fn empty() -> Self {
        Self {
            inner: Inner::Empty,
        }
    }

    /// A body that is there as a whole.
    pub fn whole(bytes: Bytes) -> Self {
        Self {
            inner: if bytes.is_empty() {
                Inner::Empty
            } else {
                Inner::Whole(bytes)
            },
        }
    }

    pub(crate) fn chunks(
        app: Arc<App>,
        live: Live,
        body: ResourceAny,
        length: Option<u64>,
        trailers: bool,
    ) -> Self {
        let source = Source {
            app,
            live: Box::new(live),
            body,
            trailers,
        };
        let chunks = Chunks {
            app: Arc::clone(&source.app),
            stage: Stage::Idle(source),
            idle: None,
            left: length,
        };
        Self {
            inner: Inner::Chunks(Box::new(chunks)),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match &mut self.inner {
            Inner::Empty => Poll::Ready(None),
            Inner::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                self.inner = Inner::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Inner::Chunks(chunks) => {
                let frame = ready!(chunks.poll_frame(cx));
                if !matches!(frame, Some(Ok(_))) || chunks.is_over() {
                    self.inner = Inner::Empty;
                }
                Poll::Ready(frame)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.inner, Inner::Empty)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Empty => SizeHint::with_exact(0),
            Inner::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Inner::Chunks(chunks) => chunks
                .left
                .map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}

/// A body that the guest makes.
struct Chunks {
    app: Arc<App>,
    stage: Stage,
    /// Runs out if the guest takes too long. Made when it first has to be waited for.
    idle: Option<Pin<Box<Sleep>>>,
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
        timed: bool,
        held: Option<Bytes>,
    },
    Over,
}

/// Where chunks come from.
struct Source {
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

impl Chunks {
    fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Over => return Poll::Ready(None),
                Stage::Idle(source) => self.stage = Self::run(source, None),
                Stage::Running {
                    mut run,
                    mut timed,
                    held,
                } => {
                    let Poll::Ready(step) = Pin::new(&mut run).poll(cx) else {
                        let over = self.poll_idle(cx, &mut timed).is_ready();
                        if over {
                            return Poll::Ready(Some(Err(self.idle_error())));
                        }
                        self.stage = Stage::Running { run, timed, held };
                        return Poll::Pending;
                    };
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
        let lanes = Arc::clone(&source.app.lanes);
        Stage::Running {
            run: Run::new(&lanes, meter, source.step()),
            timed: false,
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

    /// Starts the wait for a chunk, or goes on with it.
    fn poll_idle(&mut self, cx: &mut Context<'_>, timed: &mut bool) -> Poll<()> {
        // Limit: Limits::idle
        let limit = self.app.settings.limits.idle;
        let idle = self
            .idle
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        if !std::mem::replace(timed, true) {
            idle.as_mut().reset(Instant::now() + limit);
        }
        idle.as_mut().poll(cx)
    }

    fn idle_error(&self) -> Error {
        let limit = self.app.settings.limits.idle;
        Error::new(
            Kind::IdleLimit,
            format!("it made no chunk of its body within {limit:?}"),
        )
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
            match self.app.native.next(store, instance, self.body).await {
                Ok(Ok(Some(chunk))) if chunk.is_empty() => {
                    tokio::task::coop::consume_budget().await;
                }
                Ok(Ok(Some(chunk))) => return Ok(Step::Chunk(self, chunk)),
                Ok(Ok(None)) => return self.end().await.map(Step::End),
                Ok(Err(message)) => {
                    return Err(failure::of_guest(&message, self.live.store.data()));
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
            let fields = self.app.native.trailers(store, instance, self.body).await;
            let fields = fields.map_err(|error| failure::of_call(&error, store.data()))?;
            trailers = Some(response::headers(fields, &self.app.settings.limits)?);
        }
        let closed = self.body.resource_drop_async(&mut *store).await;
        closed.map_err(|error| failure::of_call(&error, store.data()))?;
        self.app.release(*self.live);
        Ok(trailers)
    }
}
