//! What a guest writes to its standard output and error: lines of the host's log, in bounds.
//!
//! Owns the lines that are not complete yet, the last ones for error reports, and the rate. Must
//! not let a control character of a guest through to a terminal.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::request_id::RequestId;
use crate::settings::AppSettings;

/// Bytes of one line; a longer one is cut into several.
const LINE_BYTES_MAX: usize = 8 * 1024;

/// Lines that an error report carries.
const TAIL_LINES_MAX: usize = 20;

/// Bytes that a guest may hand over in one write.
const WRITE_BYTES_MAX: usize = 64 * 1024;

/// One of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// The log of one instance.
#[derive(Clone)]
pub(crate) struct GuestLog {
    lines: Arc<Mutex<Lines>>,
}

struct Lines {
    settings: Arc<AppSettings>,
    rate: Arc<Rate>,
    request_id: RequestId,
    /// The line that is being written to each of the streams.
    partial: [Vec<u8>; 2],
    tail: VecDeque<String>,
}

impl GuestLog {
    pub(crate) fn new(settings: Arc<AppSettings>, rate: Arc<Rate>, request_id: RequestId) -> Self {
        let lines = Lines {
            settings,
            rate,
            request_id,
            partial: [Vec::new(), Vec::new()],
            tail: VecDeque::new(),
        };
        Self {
            lines: Arc::new(Mutex::new(lines)),
        }
    }

    /// Starts the log of another request of the same instance.
    pub(crate) fn begin(&self, request_id: RequestId) {
        let mut lines = self.lock();
        lines.request_id = request_id;
        lines.tail.clear();
    }

    /// Ends the lines that have no end yet, and returns the last ones.
    pub(crate) fn finish(&self) -> Vec<String> {
        let mut lines = self.lock();
        for stream in [Stream::Stdout, Stream::Stderr] {
            lines.end_line(stream);
        }
        lines.tail.drain(..).collect()
    }

    /// A stream for the guest to write to.
    pub(crate) fn writer(&self, stream: Stream) -> Writer {
        Writer {
            log: self.clone(),
            stream,
        }
    }

    fn write(&self, stream: Stream, bytes: &[u8]) {
        let mut lines = self.lock();
        // Limit: Limits::log
        let allowed = lines.rate.take(bytes.len(), lines.settings.limits.log);
        if let Some(dropped) = allowed.dropped_before {
            tracing::warn!(
                app = lines.settings.name,
                "{dropped} bytes of log output were dropped"
            );
        }
        lines.write(stream, &bytes[..allowed.bytes]);
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Lines {
    fn write(&mut self, stream: Stream, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            for part in piece.chunks(LINE_BYTES_MAX) {
                let partial = &mut self.partial[stream as usize];
                // Limit: LINE_BYTES_MAX
                if partial.len() + part.len() > LINE_BYTES_MAX {
                    self.end_line(stream);
                }
                self.partial[stream as usize].extend_from_slice(part);
            }
            if piece.ends_with(b"\n") {
                self.end_line(stream);
            }
        }
    }

    fn end_line(&mut self, stream: Stream) {
        let line = std::mem::take(&mut self.partial[stream as usize]);
        if line.is_empty() {
            return;
        }
        let line = printable(line.strip_suffix(b"\n").unwrap_or(&line));
        let (app, request) = (&self.settings.name, self.request_id);
        tracing::info!(target: "guest", app, %request, stream = stream.name(), "{line}");
        // Limit: TAIL_LINES_MAX
        if self.tail.len() == TAIL_LINES_MAX {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }
}

/// Text of any bytes, with control characters escaped.
fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() && character != '\t' {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// How much an app may log: so many bytes in each second.
#[derive(Debug)]
pub(crate) struct Rate {
    window: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    bytes: u64,
    dropped: u64,
}

/// What may be logged of a write.
struct Allowed {
    bytes: usize,
    /// Bytes that were dropped in a window that is over now.
    dropped_before: Option<u64>,
}

impl Rate {
    pub(crate) fn new() -> Self {
        Self {
            window: Mutex::new(Window {
                began: Instant::now(),
                bytes: 0,
                dropped: 0,
            }),
        }
    }

    fn take(&self, wanted: usize, limit: u64) -> Allowed {
        let mut window = self
            .window
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut dropped_before = None;
        if window.began.elapsed() >= Duration::from_secs(1) {
            dropped_before = (window.dropped > 0).then_some(window.dropped);
            *window = Window {
                began: Instant::now(),
                bytes: 0,
                dropped: 0,
            };
        }
        let bytes = usize::try_from(limit.saturating_sub(window.bytes)).unwrap_or(usize::MAX);
        let bytes = bytes.min(wanted);
        window.bytes += bytes as u64;
        window.dropped += (wanted - bytes) as u64;
        Allowed {
            bytes,
            dropped_before,
        }
    }

    /// Whether all of so many bytes may be logged. If not, they are dropped.
    pub(crate) fn allows(&self, bytes: usize, limit: u64) -> bool {
        // Limit: Limits::log
        self.take(bytes, limit).bytes == bytes
    }

    /// Bytes that were dropped and not told of yet.
    pub(crate) fn take_dropped(&self) -> u64 {
        let mut window = self
            .window
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::take(&mut window.dropped)
    }
}

/// A stream that a guest writes to. It is always ready: what is too much is dropped, not awaited.
#[derive(Clone)]
pub(crate) struct Writer {
    log: GuestLog,
    stream: Stream,
}

impl IsTerminal for Writer {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Writer {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Writer {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.log.write(self.stream, bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {}
}

impl OutputStream for Writer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.log.write(self.stream, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(bytes_per_second: u64) -> GuestLog {
        let mut settings = AppSettings::new("test");
        settings.limits.log = bytes_per_second;
        GuestLog::new(
            Arc::new(settings),
            Arc::new(Rate::new()),
            RequestId::from_number(1),
        )
    }

    #[test]
    fn lines_are_joined_split_and_escaped() {
        let log = log(1 << 20);
        log.write(Stream::Stdout, b"one\ntw");
        log.write(Stream::Stderr, b"\x1b[31mred\r\n");
        log.write(Stream::Stdout, b"o\nrest");
        assert_eq!(log.finish(), ["one", "\\u{1b}[31mred\\r", "two", "rest"]);
        assert!(log.finish().is_empty());
    }

    #[test]
    fn a_long_line_is_cut_and_the_tail_is_short() {
        let log = log(1 << 20);
        log.write(Stream::Stdout, &vec![b'x'; LINE_BYTES_MAX * 2 + 1]);
        let lengths: Vec<_> = log.finish().iter().map(String::len).collect();
        assert_eq!(lengths, [LINE_BYTES_MAX, LINE_BYTES_MAX, 1]);
        log.write(
            Stream::Stdout,
            "line\n".repeat(TAIL_LINES_MAX + 5).as_bytes(),
        );
        assert_eq!(log.finish().len(), TAIL_LINES_MAX);
    }

    #[test]
    fn output_over_the_rate_is_dropped_and_counted() {
        let log = log(4);
        log.write(Stream::Stdout, b"abcdefgh");
        assert_eq!(log.finish(), ["abcd"]);
        assert!(!log.lock().rate.allows(1, 4));
        assert_eq!(log.lock().rate.take_dropped(), 5);
    }
}
