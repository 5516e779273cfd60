//! Whether a response's body, as wasmtime hands it over, is all of it.
//!
//! It ends in the same way when the guest has ended it and when the guest's store is gone.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, WasiBody};

/// Whether an instance has failed.
#[derive(Debug, Default)]
pub(super) struct Watch {
    has_failed: AtomicBool,
}

impl Watch {
    /// Says that the instance has failed, before its store is gone.
    pub(super) fn fail(&self) {
        self.has_failed.store(true, Ordering::Release);
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
