//! A command's standard input and output: the request's body, and the response.
//!
//! Owns the way from what is printed to a head and a body. Nothing is held beyond the bounds of
//! the head and of the outbox.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::Body as _;
use http_body_util::{BodyExt, Empty};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi_http::WasiBody;

use super::head::{Answer, HeadParser};
use crate::input::Stream;
use crate::outbox::{AHEAD_BYTES_MAX, Outbox, Writer, outbox};
use crate::push::{LocalRedirect, Reply, for_now};
use crate::response::{self, bad};

/// The request's body. All handles read from the one stream.
#[derive(Clone)]
pub(crate) struct Stdin {
    source: Arc<Mutex<Source>>,
}

struct Source {
    stream: Stream,
    /// What came with the last frame and was not read.
    rest: Bytes,
}

impl Stdin {
    pub(super) fn new(stream: Stream) -> Self {
        let source = Source {
            stream,
            rest: Bytes::new(),
        };
        Self {
            source: Arc::new(Mutex::new(source)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Source> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source {
    /// Waits until there is something to read: bytes, or none at the end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<StreamResult<()>> {
        while self.rest.is_empty() {
            let frame = ready!(Pin::new(&mut self.stream).poll_frame(cx));
            let Some(frame) = frame else {
                return Poll::Ready(Err(StreamError::Closed));
            };
            let frame =
                frame.map_err(|failure| StreamError::LastOperationFailed(failure.into()))?;
            // CGI has no place for trailers.
            self.rest = frame.into_data().unwrap_or_default();
        }
        Poll::Ready(Ok(()))
    }

    fn take(&mut self, size: usize) -> Bytes {
        self.rest.split_to(size.min(self.rest.len()))
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Stdin {
    async fn ready(&mut self) {
        // Whoever reads finds the failure again.
        let _ready = std::future::poll_fn(|cx| self.lock().poll_fill(cx)).await;
    }
}

impl InputStream for Stdin {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let mut source = self.lock();
        match source.poll_fill(&mut for_now()) {
            Poll::Ready(Ok(())) => Ok(source.take(size)),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Ok(Bytes::new()),
        }
    }
}

impl AsyncRead for Stdin {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let mut source = self.lock();
        match ready!(source.poll_fill(cx)) {
            Ok(()) => buffer.put_slice(&source.take(buffer.remaining())),
            Err(StreamError::Closed) => {}
            Err(error) => return Poll::Ready(Err(std::io::Error::other(error.to_string()))),
        }
        Poll::Ready(Ok(()))
    }
}

impl IsTerminal for Stdin {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for Stdin {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }
}

/// The response. All handles write to the one stream.
#[derive(Clone)]
pub(crate) struct Stdout {
    sink: Arc<Mutex<Sink>>,
}

struct Sink {
    stage: Stage,
    reply: Reply,
}

enum Stage {
    Head(HeadParser),
    Body(Outbox, Writer),
    /// What is written now has no reader.
    Closed,
}

impl Stdout {
    pub(super) fn new(reply: Reply, parser: HeadParser) -> Self {
        let stage = Stage::Head(parser);
        Self {
            sink: Arc::new(Mutex::new(Sink { stage, reply })),
        }
    }

    /// Ends the response of a command that has ended.
    ///
    /// Fails if there was no head.
    pub(super) fn finish(&self) -> Result<(), String> {
        match std::mem::replace(&mut self.lock().stage, Stage::Closed) {
            Stage::Head(parser) => Err(parser.finish().to_string()),
            Stage::Body(outbox, _) => {
                outbox.finish(None);
                Ok(())
            }
            Stage::Closed => Ok(()),
        }
    }

    /// The bytes that may be written; an error if nobody takes them.
    fn room(&self) -> StreamResult<usize> {
        match &self.lock().stage {
            // It is read at once, and bounded by the parser.
            Stage::Head(_) => Ok(AHEAD_BYTES_MAX),
            Stage::Body(_, writer) => writer.room().ok_or(StreamError::Closed),
            Stage::Closed => Err(StreamError::Closed),
        }
    }

    fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        match &self.lock().stage {
            Stage::Body(_, writer) => writer.poll_room(cx),
            Stage::Head(_) | Stage::Closed => Poll::Ready(()),
        }
    }

    fn push(&self, bytes: Bytes) {
        self.lock().push(bytes);
    }

    fn lock(&self) -> MutexGuard<'_, Sink> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink {
    fn push(&mut self, bytes: Bytes) {
        match &mut self.stage {
            Stage::Body(_, writer) => writer.write(bytes),
            Stage::Closed => {}
            Stage::Head(parser) => match parser.push(bytes) {
                Ok(None) => {}
                Ok(Some((answer, rest))) => self.answer(answer, rest),
                Err(error) => {
                    self.stage = Stage::Closed;
                    self.reply.set(Err(bad(error.to_string())));
                }
            },
        }
    }

    fn answer(&mut self, answer: Answer, rest: Bytes) {
        let (stage, response) = match answer {
            Answer::Document { status, fields } => match response::unchecked(status, fields) {
                Ok(head) => {
                    let (outbox, body) = outbox();
                    let writer = outbox.writer();
                    writer.write(rest);
                    let body: WasiBody = body.map_err(Into::into).boxed_unsync();
                    (Stage::Body(outbox, writer), Ok(head.map(|()| body)))
                }
                Err(error) => (Stage::Closed, Err(error)),
            },
            // What follows a local redirect is nobody's.
            Answer::LocalRedirect(target) => {
                let mut response =
                    Response::new(Empty::new().map_err(|e| match e {}).boxed_unsync());
                response.extensions_mut().insert(LocalRedirect(target));
                (Stage::Closed, Ok(response))
            }
        };
        self.stage = stage;
        self.reply.set(response);
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Stdout {
    async fn ready(&mut self) {
        std::future::poll_fn(|cx| self.poll_room(cx)).await;
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Stdout {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.len() > self.room()? {
            return Err(StreamError::trap(
                "it wrote more than `check-write` permitted",
            ));
        }
        self.push(bytes);
        Ok(())
    }

    /// The outbox is what a write is flushed to: its other end takes whatever is there.
    fn flush(&mut self) -> StreamResult<()> {
        self.room().map(drop)
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.room()
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.ready().await;
        self.room()?;
        // One such write has 4 KiB at most (`wasi:io/streams`), which fits beyond what was ahead.
        self.push(bytes);
        Ok(())
    }
}

impl AsyncWrite for Stdout {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        ready!(self.poll_room(cx));
        match self.room() {
            Ok(room) => {
                let length = bytes.len().min(room);
                self.push(Bytes::copy_from_slice(&bytes[..length]));
                Poll::Ready(Ok(length))
            }
            Err(_) => Poll::Ready(Err(std::io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl IsTerminal for Stdout {
    /// C's standard library writes a line at a time to a terminal and some KiB at a time to
    /// anything else; a line at a time is what a client that follows a stream of events needs.
    fn is_terminal(&self) -> bool {
        true
    }
}

impl StdoutStream for Stdout {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}
