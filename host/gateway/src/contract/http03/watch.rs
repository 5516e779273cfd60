//! Whether a response's body, as wasmtime hands it over, is all of it.
//!
//! It ends in the same way when the guest has ended it and when the guest's store is gone.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, WasiBody};

/// Whether an instance has failed, and whether anybody waits for what it makes.
#[derive(Debug, Default)]
pub(super) struct Watch {
    has_failed: AtomicBool,
    /// The last body was taken to its end, or dropped.
    is_over: AtomicBool,
    /// Who waits for that.
    waiter: Mutex<Option<Waker>>,
}

impl Watch {
    /// Says that the instance has failed, before its store is gone.
    pub(super) fn fail(&self) {
        self.has_failed.store(true, Ordering::Release);
    }

    /// Waits until nobody waits for more of the body. What a guest passes on, from its request or
    /// from another server, comes after its tasks have ended.
    pub(super) fn poll_over(&self, cx: &Context<'_>) -> Poll<()> {
        *self.waiter.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        if self.is_over.load(Ordering::Acquire) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn end(&self) {
        self.is_over.store(true, Ordering::Release);
        let mut waiter = self.waiter.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waker) = waiter.take() {
            waker.wake();
        }
    }

    /// A body that fails with its instance.
    pub(super) fn body(self: &Arc<Self>, body: WasiBody) -> WasiBody {
        let watch = Arc::clone(self);
        Watched { body, watch }.boxed_unsync()
    }
}

struct Watched {
    body: WasiBody,
    watch: Arc<Watch>,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if is_last(&frame) {
            self.watch.end();
        }
        match frame {
            Poll::Ready(None) if self.watch.has_failed.load(Ordering::Acquire) => {
                Poll::Ready(Some(Err(Error::ConnectionTerminated)))
            }
            frame => frame,
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.watch.end();
    }
}

/// Whether nothing comes after a frame.
pub(super) fn is_last(frame: &Poll<Option<Result<Frame<Bytes>, Error>>>) -> bool {
    match frame {
        Poll::Ready(Some(Ok(frame))) => frame.is_trailers(),
        Poll::Ready(Some(Err(_)) | None) => true,
        Poll::Pending => false,
    }
}
