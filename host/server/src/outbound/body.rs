//! The bodies of one exchange, held to their limits on their way.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use wasgi_gateway::{OutboundBody, OutboundError};

use super::failure::broken;
use super::idle::IdleTimer;

/// An exchange's place among those under way. Both bodies share it: it is free once both are gone.
pub(super) type Place = Arc<OwnedSemaphorePermit>;

/// What bounds a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Bytes that it may have.
    pub(super) bytes: u64,
    /// Time in which its next piece must come.
    pub(super) idle: Duration,
}

/// The body of a request, from the guest to the connection.
pub(super) struct RequestBody {
    body: OutboundBody,
    limit: u64,
    /// What the head promised.
    declared: Option<u64>,
    bytes: u64,
    idle: IdleTimer,
    /// Dropped with the body, which tells the exchange that the request is sent.
    _sent: oneshot::Sender<Infallible>,
    _place: Place,
}

impl RequestBody {
    /// The body, and what resolves (to an error, always) once the connection is done with it.
    pub(super) fn new(
        body: OutboundBody,
        declared: Option<u64>,
        bounds: Bounds,
        place: Place,
    ) -> Result<(Self, oneshot::Receiver<Infallible>), OutboundError> {
        let size = body.size_hint();
        // Limit: OutboundLimits::request_body
        if size.lower().max(declared.unwrap_or(0)) > bounds.bytes {
            return Err(OutboundError::RequestBodySize(bounds.bytes));
        }
        // hyper writes the declared length for an empty body too.
        if let (Some(declared), Some(exact)) = (declared, size.exact())
            && declared != exact
        {
            return Err(wrong_length(declared, exact));
        }
        let (sent, was_sent) = oneshot::channel();
        let body = Self {
            body,
            limit: bounds.bytes,
            declared,
            bytes: 0,
            idle: IdleTimer::new(bounds.idle),
            _sent: sent,
            _place: place,
        };
        Ok((body, was_sent))
    }

    fn check(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, OutboundError> {
        self.bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
        // Limit: OutboundLimits::request_body
        if self.bytes > self.limit {
            return Err(OutboundError::RequestBodySize(self.limit));
        }
        match self.declared {
            Some(declared) if self.bytes > declared => Err(wrong_length(declared, self.bytes)),
            _ => Ok(frame),
        }
    }
}

fn wrong_length(declared: u64, bytes: u64) -> OutboundError {
    OutboundError::Protocol(format!(
        "expected the {declared} bytes of the request's content-length, got {bytes}"
    ))
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = OutboundError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OutboundError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            // Limit: OutboundLimits::idle
            ready!(self.idle.poll_expired(cx));
            let why = "the guest stopped sending its request's body".to_owned();
            return Poll::Ready(Some(Err(OutboundError::ConnectionTerminated(why))));
        };
        self.idle.moved();
        let frame = frame.map(|frame| frame.and_then(|frame| self.check(frame)));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of a response, from the connection to the guest.
///
/// Dropped before its end, it closes the connection.
pub(super) struct ResponseBody {
    /// None once the exchange is over.
    exchange: Option<(Incoming, Place)>,
    limit: u64,
    bytes: u64,
    idle: IdleTimer,
}

impl ResponseBody {
    pub(super) fn new(
        incoming: Incoming,
        bounds: Bounds,
        place: Place,
    ) -> Result<Self, OutboundError> {
        // Limit: OutboundLimits::response_body
        if incoming.size_hint().lower() > bounds.bytes {
            return Err(OutboundError::ResponseBodySize(bounds.bytes));
        }
        Ok(Self {
            exchange: Some((incoming, place)),
            limit: bounds.bytes,
            bytes: 0,
            idle: IdleTimer::new(bounds.idle),
        })
    }

    fn check(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, OutboundError> {
        self.bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
        // Limit: OutboundLimits::response_body
        if self.bytes > self.limit {
            return Err(OutboundError::ResponseBodySize(self.limit));
        }
        Ok(frame)
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = OutboundError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OutboundError>>> {
        let Some((incoming, _)) = &mut self.exchange else {
            return Poll::Ready(None);
        };
        let frame = if let Poll::Ready(frame) = Pin::new(incoming).poll_frame(cx) {
            self.idle.moved();
            frame.map(|frame| match frame {
                Ok(frame) => self.check(frame),
                Err(error) => Err(broken(&error)),
            })
        } else {
            // Limit: OutboundLimits::idle
            ready!(self.idle.poll_expired(cx));
            Some(Err(OutboundError::ReadTimeout))
        };
        if !matches!(frame, Some(Ok(_))) || self.is_end_stream() {
            self.exchange = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.exchange
            .as_ref()
            .is_none_or(|(incoming, _)| incoming.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.exchange {
            Some((incoming, _)) => incoming.size_hint(),
            None => SizeHint::with_exact(0),
        }
    }
}
