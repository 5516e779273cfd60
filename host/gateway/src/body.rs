//! The body of a response on its way to the client: nothing, one piece, or made by the guest as the
//! client takes it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::error::Error;
use crate::pull::Pulled;
use crate::pushed::Pushed;

/// The body of a response. Dropping it before its end ends the guest that makes it.
pub struct Body {
    inner: Inner,
}

enum Inner {
    Empty,
    Whole(Bytes),
    Pulled(Box<Pulled>),
    Pushed(Box<Pushed>),
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

    /// All of the body, if it is there as a whole.
    pub(crate) fn into_whole(self) -> Result<Bytes, Self> {
        match self.inner {
            Inner::Empty => Ok(Bytes::new()),
            Inner::Whole(bytes) => Ok(bytes),
            inner @ (Inner::Pulled(_) | Inner::Pushed(_)) => Err(Self { inner }),
        }
    }

    pub(crate) fn pulled(pulled: Pulled) -> Self {
        Self {
            inner: Inner::Pulled(Box::new(pulled)),
        }
    }

    pub(crate) fn pushed(pushed: Pushed) -> Self {
        Self {
            inner: Inner::Pushed(Box::new(pushed)),
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
            Inner::Pulled(body) => {
                let frame = ready!(body.poll_frame(cx));
                if !matches!(frame, Some(Ok(_))) || body.is_over() {
                    self.inner = Inner::Empty;
                }
                Poll::Ready(frame)
            }
            Inner::Pushed(body) => {
                let frame = ready!(body.poll_frame(cx));
                if !matches!(frame, Some(Ok(_))) || body.is_over() {
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
            Inner::Pulled(body) => hint(body.left()),
            Inner::Pushed(body) => hint(body.left()),
        }
    }
}

fn hint(left: Option<u64>) -> SizeHint {
    left.map_or_else(SizeHint::default, SizeHint::with_exact)
}
