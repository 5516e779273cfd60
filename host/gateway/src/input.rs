//! A request's body on its way to the guest: pulled frame by frame, counted, never held.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;

use crate::error::{BoxError, Error, Kind};
use crate::idle::Idle;
use crate::limits::Limits;

/// The body of a request, whatever server it comes from.
pub(crate) type RequestBody = UnsyncBoxBody<Bytes, BoxError>;

/// Bytes that one read returns at most, whatever the guest asks for.
pub(crate) const READ_BYTES_MAX: usize = 1024 * 1024;

/// The input of the request that an instance serves, for a contract whose guests read by a handle.
#[derive(Default)]
pub(crate) struct Input {
    /// Which request of the instance this is. A guest that keeps the handle of an earlier one finds
    /// it closed.
    generation: u32,
    stream: Stream,
    /// What came with the last frame and did not fit the last read.
    rest: Bytes,
    trailers: Option<HeaderMap>,
}

/// Why an input cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the request's body is over the limit of {0} bytes")]
    TooLarge(u64),
    #[error("the client sent nothing of the request's body for {0:?}")]
    TimedOut(Duration),
    #[error("the client left before it had sent its body")]
    Closed,
    #[error("the request's body breaks the rules of its framing")]
    Malformed,
}

impl Failure {
    /// A body that fails with [`io::ErrorKind::InvalidData`] is not what HTTP allows; any other
    /// failure means that the rest of it will not come. One that was handed on has said why.
    fn of(error: &BoxError) -> Self {
        if let Some(failure) = error.downcast_ref::<Self>() {
            return *failure;
        }
        match error.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::InvalidData) => Self::Malformed,
            _ => Self::Closed,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let kind = match failure {
            Failure::TooLarge(_) => Kind::BodyTooLarge,
            Failure::TimedOut(_) => Kind::BodyTimeout,
            Failure::Closed => Kind::ClientGone,
            Failure::Malformed => Kind::BadRequest,
        };
        Self::new(kind, failure.to_string())
    }
}

/// Where a stream says why it failed, and hears that its request is over, for those who do not hold
/// it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// None: there is no body that could fail.
    shared: Option<Arc<Fate>>,
}

#[derive(Debug, Default)]
struct Fate {
    failure: OnceLock<Failure>,
    /// The request is over: nobody is to read on.
    is_over: AtomicBool,
}

impl Outcome {
    /// The error that the client caused, if it did.
    pub(crate) fn client_error(&self) -> Option<Error> {
        let failure = self.shared.as_ref()?.failure.get()?;
        Some(Error::from(*failure))
    }

    /// Says that the request is over. From now on every read fails.
    pub(crate) fn close(&self) {
        if let Some(fate) = &self.shared {
            fate.is_over.store(true, Ordering::Release);
        }
    }

    /// Why a read fails.
    fn failure(&self) -> Option<Failure> {
        let fate = self.shared.as_ref()?;
        let is_over = || {
            fate.is_over
                .load(Ordering::Acquire)
                .then_some(Failure::Closed)
        };
        fate.failure.get().copied().or_else(is_over)
    }

    fn fail(&self, failure: Failure) {
        if let Some(fate) = &self.shared {
            // Whoever comes later finds the first failure.
            let _later = fate.failure.set(failure);
        }
    }
}

/// A request's body within its limits. It fails for good.
#[derive(Default)]
pub(crate) struct Stream {
    /// What has not been read. None: there is none, or it has ended.
    body: Option<RequestBody>,
    outcome: Outcome,
    received: u64,
    limit: u64,
    idle: Duration,
    /// The wait for the client's next frame.
    wait: Idle,
}

impl Stream {
    /// A body that these limits hold for.
    pub(crate) fn new(body: Option<RequestBody>, limits: &Limits) -> Self {
        let shared = body.is_some().then(Arc::default);
        Self {
            body,
            outcome: Outcome { shared },
            limit: limits.request_body,
            idle: limits.idle,
            ..Self::default()
        }
    }

    /// Where to see whether it failed.
    pub(crate) fn outcome(&self) -> Outcome {
        self.outcome.clone()
    }

    fn poll_within_limits(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Frame<Bytes>>, Failure>> {
        if let Some(failure) = self.outcome.failure() {
            // What is left of it is nobody's.
            self.body = None;
            return Poll::Ready(Err(failure));
        }
        let Some(body) = &mut self.body else {
            return Poll::Ready(Ok(None));
        };
        let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) else {
            ready!(self.wait.poll(self.idle, cx));
            return Poll::Ready(Err(Failure::TimedOut(self.idle)));
        };
        self.wait.reset();
        let Some(frame) = frame else {
            self.body = None;
            return Poll::Ready(Ok(None));
        };
        let frame = frame.map_err(|error| Failure::of(&error))?;
        if let Some(data) = frame.data_ref() {
            self.received = self.received.saturating_add(data.len() as u64);
            // Limit: Limits::request_body
            if self.received > self.limit {
                return Poll::Ready(Err(Failure::TooLarge(self.limit)));
            }
        }
        Poll::Ready(Ok(Some(frame)))
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        let result = ready!(self.poll_within_limits(cx));
        if let Err(failure) = &result
            && self.body.take().is_some()
        {
            self.outcome.fail(*failure);
        }
        Poll::Ready(result.transpose())
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_none() && self.outcome.failure().is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Input {
    /// Starts the input of another request, and returns its generation.
    pub(crate) fn begin(&mut self, stream: Stream) -> u32 {
        *self = Self {
            generation: self.generation.wrapping_add(1),
            stream,
            ..Self::default()
        };
        self.generation
    }

    /// Ends the input: from now on every read fails, by whoever holds the stream.
    pub(crate) fn end(&mut self) {
        self.stream.outcome.close();
        self.begin(Stream::default());
    }

    /// The error that the client caused, if it did.
    pub(crate) fn client_error(&self) -> Option<Error> {
        self.stream.outcome.client_error()
    }

    /// Takes the stream, for a contract whose guests hold it themselves. Its failure is still seen
    /// here.
    pub(crate) fn take(&mut self) -> Stream {
        let rest = Stream {
            outcome: self.stream.outcome(),
            ..Stream::default()
        };
        std::mem::replace(&mut self.stream, rest)
    }

    /// Takes what was not read, to hand it on. Its failure is still seen here.
    pub(crate) fn hand_on(&mut self, generation: u32) -> Result<Rest, Failure> {
        self.check(generation)?;
        Ok(Rest {
            first: std::mem::take(&mut self.rest),
            stream: self.take(),
            trailers: self.trailers.take(),
        })
    }

    /// Reads at most so many bytes; none at the end.
    pub(crate) async fn read(&mut self, generation: u32, max: u32) -> Result<Bytes, Failure> {
        self.check(generation)?;
        if self.rest.is_empty() && max > 0 {
            self.rest = self.next_chunk().await?;
        }
        let wanted = usize::try_from(max)
            .unwrap_or(READ_BYTES_MAX)
            .min(READ_BYTES_MAX);
        Ok(self.rest.split_to(wanted.min(self.rest.len())))
    }

    /// Discards what is left, and returns the trailer fields.
    pub(crate) async fn trailers(&mut self, generation: u32) -> Result<HeaderMap, Failure> {
        self.check(generation)?;
        self.rest.clear();
        while !self.next_chunk().await?.is_empty() {}
        Ok(self.trailers.take().unwrap_or_default())
    }

    fn check(&self, generation: u32) -> Result<(), Failure> {
        if generation != self.generation {
            return Err(Failure::Closed);
        }
        self.stream.outcome.failure().map_or(Ok(()), Err)
    }

    /// The next bytes; none at the end.
    async fn next_chunk(&mut self) -> Result<Bytes, Failure> {
        while let Some(frame) = self.stream.frame().await {
            match frame?.into_data() {
                Ok(data) if data.is_empty() => {}
                Ok(data) => return Ok(data),
                Err(frame) => self.trailers = frame.into_trailers().ok(),
            }
        }
        Ok(Bytes::new())
    }
}

/// What is left of an input.
pub(crate) struct Rest {
    /// What had come and was not read.
    first: Bytes,
    stream: Stream,
    /// The trailers, if they had come.
    trailers: Option<HeaderMap>,
}

impl Body for Rest {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        if !self.first.is_empty() {
            let first = std::mem::take(&mut self.first);
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        match ready!(Pin::new(&mut self.stream).poll_frame(cx)) {
            Some(frame) => Poll::Ready(Some(frame)),
            None => {
                let trailers = self.trailers.take().map(Frame::trailers);
                Poll::Ready(trailers.map(Ok))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_empty() && self.trailers.is_none() && self.stream.is_end_stream()
    }
}

/// The body of a request in the form that every store holds; none if there is nothing to read.
pub(crate) fn boxed<B>(body: B) -> Option<RequestBody>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    (!body.is_end_stream()).then(|| body.map_err(Into::into).boxed_unsync())
}

#[cfg(test)]
mod tests;
