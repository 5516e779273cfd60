//! Notices that a client has left while nobody reads from its connection.
//!
//! hyper sees the end of a connection when it reads, and while a guest leaves its request's body
//! alone, it does not read. This watches the socket for its closing alone, and never reads.

use std::io;
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use tokio::io::Interest;
use tokio::net::TcpStream;

/// A watch on a socket that is read elsewhere.
pub(crate) struct Hangup {
    /// The same socket behind a descriptor of its own, which has its own readiness.
    stream: TcpStream,
}

impl Hangup {
    /// Watches a socket.
    pub(crate) fn new(descriptor: &OwnedFd) -> io::Result<Self> {
        let stream = std::net::TcpStream::from(descriptor.try_clone()?);
        Ok(Self {
            stream: TcpStream::from_std(stream)?,
        })
    }

    /// Ready once the client has closed its end.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if ready!(self.stream.poll_read_ready(cx)).is_err() {
                return Poll::Ready(());
            }
            let readiness = pin!(self.stream.ready(Interest::READABLE)).poll(cx);
            if matches!(readiness, Poll::Ready(Ok(readiness)) if readiness.is_read_closed()) {
                return Poll::Ready(());
            }
            // Bytes have come. They are not read here; the next event tells of more, or of the end.
            let would_block = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
            let _cleared = self.stream.try_io(Interest::READABLE, would_block);
        }
    }
}
