//! What a guest has written and its client has not taken yet: the buffer between a guest that
//! pushes its response and the body that is pulled from the host.
//!
//! Small writes are joined, and a guest that is ahead of its client waits. Owns the bound; must not
//! know a contract.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame};

/// Bytes that a guest may be ahead of its client.
pub(crate) const AHEAD_BYTES_MAX: usize = 64 * 1024;

/// Bytes from which on a write is worth a frame of its own; smaller ones are copied together.
const JOINED_BYTES_MAX: usize = 16 * 1024;

/// The guest's end. Dropping it before [`Outbox::finish`] leaves the body incomplete.
pub(crate) struct Outbox {
    shared: Arc<Mutex<Shared>>,
}

/// Writes to an outbox, for as long as that is not finished.
#[derive(Clone)]
pub(crate) struct Writer {
    shared: Arc<Mutex<Shared>>,
}

/// The client's end.
pub(crate) struct OutboxBody {
    shared: Arc<Mutex<Shared>>,
}

/// Why nothing more comes of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body was dropped before its end")]
pub(crate) struct Incomplete;

#[derive(Default)]
struct Shared {
    /// A write that is a frame of its own. It comes before `joined`.
    first: Bytes,
    joined: BytesMut,
    /// Bytes that were written in all, or were to be.
    written: u64,
    stage: Stage,
    /// Who waits for something to take.
    reader: Option<Waker>,
    /// Who waits for room.
    writer: Option<Waker>,
}

#[derive(Default)]
enum Stage {
    #[default]
    Open,
    /// The guest has ended the body, in time or not.
    Ended(Result<Option<HeaderMap>, Incomplete>),
    /// Nobody takes anything any more, or all was taken.
    Closed,
}

/// Makes the two ends.
pub(crate) fn outbox() -> (Outbox, OutboxBody) {
    let shared = Arc::<Mutex<Shared>>::default();
    let outbox = Outbox {
        shared: Arc::clone(&shared),
    };
    (outbox, OutboxBody { shared })
}

impl Outbox {
    /// A way to write.
    pub(crate) fn writer(&self) -> Writer {
        Writer {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Bytes that were written in all.
    pub(crate) fn written(&self) -> u64 {
        lock(&self.shared).written
    }

    /// Ends the body.
    pub(crate) fn finish(self, trailers: Option<HeaderMap>) {
        lock(&self.shared).end(Ok(trailers));
    }
}

impl Writer {
    /// Bytes that may be written now; none if nobody will take them.
    pub(crate) fn room(&self) -> Option<usize> {
        lock(&self.shared).room()
    }

    /// Waits until there is room, or nobody to write for.
    pub(crate) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        let mut shared = lock(&self.shared);
        if shared.room() != Some(0) {
            return Poll::Ready(());
        }
        shared.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Bytes that were written in all.
    pub(crate) fn written(&self) -> u64 {
        lock(&self.shared).written
    }

    /// Refuses a write that is not to be: the body ends here, and is not complete.
    pub(crate) fn refuse(&self, bytes: usize) {
        let mut shared = lock(&self.shared);
        shared.written = shared.written.saturating_add(bytes as u64);
        shared.end(Err(Incomplete));
    }

    /// Takes what was written. Whoever writes has looked for room before.
    pub(crate) fn write(&self, bytes: Bytes) {
        let mut shared = lock(&self.shared);
        if matches!(shared.stage, Stage::Open) && !bytes.is_empty() {
            shared.written += bytes.len() as u64;
            shared.write(bytes);
            shared.wake_reader();
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        lock(&self.shared).end(Err(Incomplete));
    }
}

impl Shared {
    fn room(&self) -> Option<usize> {
        // Limit: AHEAD_BYTES_MAX
        matches!(self.stage, Stage::Open)
            .then(|| AHEAD_BYTES_MAX.saturating_sub(self.first.len() + self.joined.len()))
    }

    fn write(&mut self, bytes: Bytes) {
        if self.first.is_empty() && self.joined.is_empty() {
            self.first = bytes;
            return;
        }
        if self.joined.is_empty() {
            self.joined.reserve(AHEAD_BYTES_MAX);
        }
        if self.first.len() < JOINED_BYTES_MAX {
            let first = std::mem::take(&mut self.first);
            self.joined.extend_from_slice(&first);
        }
        self.joined.extend_from_slice(&bytes);
    }

    fn end(&mut self, how: Result<Option<HeaderMap>, Incomplete>) {
        if matches!(self.stage, Stage::Open) {
            self.stage = Stage::Ended(how);
            self.wake_reader();
        }
    }

    fn take(&mut self) -> Option<Bytes> {
        let bytes = if self.first.is_empty() {
            self.joined.split().freeze()
        } else {
            std::mem::take(&mut self.first)
        };
        if bytes.is_empty() {
            return None;
        }
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
        Some(bytes)
    }

    fn wake_reader(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

impl Body for OutboxBody {
    type Data = Bytes;
    type Error = Incomplete;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Incomplete>>> {
        let mut shared = lock(&self.shared);
        if let Some(bytes) = shared.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match std::mem::replace(&mut shared.stage, Stage::Closed) {
            Stage::Open => {
                shared.stage = Stage::Open;
                shared.reader = Some(cx.waker().clone());
                Poll::Pending
            }
            Stage::Ended(Ok(trailers)) => {
                Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
            }
            Stage::Ended(Err(incomplete)) => Poll::Ready(Some(Err(incomplete))),
            Stage::Closed => Poll::Ready(None),
        }
    }
}

impl Drop for OutboxBody {
    fn drop(&mut self) {
        let mut shared = lock(&self.shared);
        *shared = Shared {
            stage: Stage::Closed,
            writer: shared.writer.take(),
            ..Shared::default()
        };
        if let Some(writer) = shared.writer.take() {
            writer.wake();
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn cx() -> Context<'static> {
        Context::from_waker(Waker::noop())
    }

    #[tokio::test]
    async fn small_writes_are_joined_and_large_ones_passed_on() {
        let (outbox, mut body) = outbox();
        let writer = outbox.writer();
        for _ in 0..3 {
            writer.write(Bytes::from_static(b"abc"));
        }
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "abcabcabc");

        let large = Bytes::from(vec![b'x'; JOINED_BYTES_MAX]);
        writer.write(large.clone());
        writer.write(Bytes::from_static(b"rest"));
        outbox.finish(None);
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first.as_ptr(), large.as_ptr(), "it was not copied");
        let rest = body.frame().await.unwrap().unwrap();
        assert_eq!(rest.into_data().unwrap(), "rest");
        assert!(body.frame().await.is_none());
    }

    #[test]
    fn a_writer_that_is_ahead_waits() {
        let (outbox, mut body) = outbox();
        let writer = outbox.writer();
        writer.write(Bytes::from(vec![0; AHEAD_BYTES_MAX]));
        assert_eq!(writer.room(), Some(0));
        assert!(writer.poll_room(&cx()).is_pending());
        assert!(Pin::new(&mut body).poll_frame(&mut cx()).is_ready());
        assert!(writer.poll_room(&cx()).is_ready());
        assert_eq!(writer.room(), Some(AHEAD_BYTES_MAX));
        drop(body);
        assert_eq!(writer.room(), None);
        assert!(writer.poll_room(&cx()).is_ready());
    }

    #[tokio::test]
    async fn a_writer_that_is_dropped_leaves_the_body_incomplete() {
        let (outbox, mut body) = outbox();
        let writer = outbox.writer();
        writer.write(Bytes::from_static(b"abc"));
        drop(outbox);
        assert!(body.frame().await.unwrap().is_ok());
        assert_eq!(body.frame().await.unwrap().unwrap_err(), Incomplete);
    }

    #[tokio::test]
    async fn trailers_come_last() {
        let (outbox, mut body) = outbox();
        let writer = outbox.writer();
        writer.write(Bytes::from_static(b"abc"));
        outbox.finish(Some(HeaderMap::new()));
        assert!(body.frame().await.unwrap().unwrap().is_data());
        assert!(body.frame().await.unwrap().unwrap().is_trailers());
        assert!(body.frame().await.is_none());
    }
}
