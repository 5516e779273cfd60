//! A request's body on its way to the guest: pulled frame by frame, counted, never held.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Body;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;

use crate::error::{BoxError, Error, Kind};

/// The body of a request, whatever server it comes from.
pub(crate) type RequestBody = UnsyncBoxBody<Bytes, BoxError>;

/// Bytes that one read returns at most, whatever the guest asks for.
pub(crate) const READ_BYTES_MAX: usize = 1024 * 1024;

/// The input of the request that an instance serves.
#[derive(Default)]
pub(crate) struct Input {
    /// Which request of the instance this is. A guest that keeps the handle of an earlier one finds
    /// it closed.
    generation: u32,
    /// The body that has not been read. None: there is none, or it has ended.
    body: Option<RequestBody>,
    /// What came with the last frame and did not fit the last read.
    rest: Bytes,
    trailers: Option<HeaderMap>,
    received: u64,
    limit: u64,
    idle: Duration,
    failure: Option<Failure>,
}

/// Why an input cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    TooLarge,
    TimedOut,
    Closed,
    Malformed,
}

impl Failure {
    /// A body that fails with [`io::ErrorKind::InvalidData`] is not what HTTP allows; any other
    /// failure means that the rest of it will not come.
    fn of(error: &BoxError) -> Self {
        match error.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::InvalidData) => Self::Malformed,
            _ => Self::Closed,
        }
    }
}

impl Input {
    /// Starts the input of another request, and returns its generation.
    pub(crate) fn begin(&mut self, body: Option<RequestBody>, limit: u64, idle: Duration) -> u32 {
        *self = Self {
            generation: self.generation.wrapping_add(1),
            body,
            limit,
            idle,
            ..Self::default()
        };
        self.generation
    }

    /// Ends the input: from now on every read fails.
    pub(crate) fn end(&mut self) {
        *self = Self {
            generation: self.generation,
            failure: Some(self.failure.unwrap_or(Failure::Closed)),
            ..Self::default()
        };
    }

    /// The error that the client caused, if it did.
    pub(crate) fn client_error(&self) -> Option<Error> {
        let (kind, message) = match self.failure? {
            Failure::TooLarge => (
                Kind::BodyTooLarge,
                format!(
                    "the request's body is over the limit of {} bytes",
                    self.limit
                ),
            ),
            Failure::TimedOut => (
                Kind::BodyTimeout,
                format!(
                    "the client sent nothing of the request's body for {:?}",
                    self.idle
                ),
            ),
            Failure::Closed => (
                Kind::ClientGone,
                "the client left before it had sent its body".to_owned(),
            ),
            Failure::Malformed => (
                Kind::BadRequest,
                "the request's body breaks the rules of its framing".to_owned(),
            ),
        };
        Some(Error::new(kind, message))
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
        self.failure.map_or(Ok(()), Err)
    }

    /// The next bytes; none at the end.
    async fn next_chunk(&mut self) -> Result<Bytes, Failure> {
        let result = self.pull().await;
        if let Err(failure) = result {
            self.failure = Some(failure);
            self.body = None;
        }
        result
    }

    async fn pull(&mut self) -> Result<Bytes, Failure> {
        while let Some(body) = &mut self.body {
            // Limit: Limits::idle
            let frame = tokio::time::timeout(self.idle, body.frame());
            let Some(frame) = frame.await.map_err(|_| Failure::TimedOut)? else {
                self.body = None;
                break;
            };
            match frame.map_err(|error| Failure::of(&error))?.into_data() {
                Ok(data) => {
                    self.received = self.received.saturating_add(data.len() as u64);
                    // Limit: Limits::request_body
                    if self.received > self.limit {
                        return Err(Failure::TooLarge);
                    }
                    if !data.is_empty() {
                        return Ok(data);
                    }
                }
                Err(frame) => self.trailers = frame.into_trailers().ok(),
            }
        }
        Ok(Bytes::new())
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
mod tests {
    use std::convert::Infallible;

    use http_body::Frame;
    use http_body_util::{Full, StreamBody};

    use super::*;

    const IDLE: Duration = Duration::from_millis(10);

    fn full(text: &'static str) -> Option<RequestBody> {
        boxed(Full::new(Bytes::from_static(text.as_bytes())))
    }

    #[tokio::test]
    async fn is_read_in_pieces_to_its_end() {
        let mut input = Input::default();
        let generation = input.begin(full("hello"), 5, IDLE);
        assert_eq!(input.read(generation, 3).await.unwrap(), "hel");
        assert_eq!(input.read(generation, 0).await.unwrap(), "");
        assert_eq!(input.read(generation, 9).await.unwrap(), "lo");
        assert_eq!(input.read(generation, 9).await.unwrap(), "");
        assert_eq!(input.read(generation, 9).await.unwrap(), "");
        assert!(input.trailers(generation).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn is_closed_for_the_handles_of_other_requests() {
        let mut input = Input::default();
        let first = input.begin(full("first"), 9, IDLE);
        let second = input.begin(full("second"), 9, IDLE);
        assert_eq!(input.read(first, 9).await, Err(Failure::Closed));
        assert_eq!(input.read(second, 9).await.unwrap(), "second");
        input.end();
        assert_eq!(input.read(second, 9).await, Err(Failure::Closed));
    }

    #[tokio::test]
    async fn fails_for_good_over_the_limit() {
        let mut input = Input::default();
        let generation = input.begin(full("hello"), 4, IDLE);
        assert_eq!(input.read(generation, 9).await, Err(Failure::TooLarge));
        assert_eq!(input.read(generation, 9).await, Err(Failure::TooLarge));
        assert_eq!(input.client_error().unwrap().kind(), Kind::BodyTooLarge);
    }

    #[tokio::test]
    async fn fails_if_the_client_is_silent() {
        let silent = StreamBody::new(Silent);
        let mut input = Input::default();
        let generation = input.begin(Some(silent.map_err(|e| match e {}).boxed_unsync()), 9, IDLE);
        assert_eq!(input.read(generation, 9).await, Err(Failure::TimedOut));
        assert_eq!(input.client_error().unwrap().kind(), Kind::BodyTimeout);
    }

    /// A client that never sends.
    struct Silent;

    impl futures_core::Stream for Silent {
        type Item = Result<Frame<Bytes>, Infallible>;

        fn poll_next(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            std::task::Poll::Pending
        }
    }
}
