//! One connection: HTTP/1.1 on a socket, and the client's limits.
//!
//! hyper parses, frames and pipelines. This adds what it leaves to its user: one timer for every
//! wait on the client, the end of a drain, and a close that does not cut off the last response.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;
use wasgi_gateway::{Kind, Peer};

use crate::activity::{Activity, Overdue, Phase};
use crate::config::ConnectionLimits;
use crate::handler::handle_request;
use crate::server::{Shared, Stop};
use crate::socket::Socket;

/// Time that a connection stays open for what a client still sends, after the last response. Were
/// it closed with unread bytes, the client would lose that response (RFC 9112, section 9.6).
const LINGER: Duration = Duration::from_secs(1);

/// Bytes that hyper may buffer in each direction, if a head may not have more.
const BUFFER_BYTES: usize = 64 * 1024;

/// What the requests of one connection share.
pub(crate) struct Connection {
    pub(crate) shared: Arc<Shared>,
    pub(crate) local: SocketAddr,
    pub(crate) remote: Arc<Peer>,
    pub(crate) activity: Arc<Activity>,
    /// A second descriptor of the socket, to watch it by.
    pub(crate) descriptor: OwnedFd,
}

/// How a connection ended.
enum End {
    /// hyper is done with it.
    Done(hyper::Result<()>),
    /// The client reached a limit.
    Overdue(Overdue),
}

/// Serves a connection to its end.
pub(crate) async fn serve(
    stream: TcpStream,
    remote: SocketAddr,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<Stop>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let activity = Arc::new(Activity::new(Instant::now()));
    let connection = Arc::new(Connection {
        local: stream.local_addr()?,
        remote: Arc::new(Peer::from(remote)),
        activity: Arc::clone(&activity),
        descriptor: stream.as_fd().try_clone_to_owned()?,
        shared: Arc::clone(&shared),
    });
    let limits = &shared.config.limits;
    let socket = Socket::new(stream, Arc::clone(&activity));
    let service = service_fn(|request| handle_request(Arc::clone(&connection), request));
    let mut http = protocol(limits).serve_connection(TokioIo::new(socket), service);
    let mut timer = pin!(tokio::time::sleep(limits.shortest()));
    let mut draining = pin!(drains(&mut stop, &connection));
    let (mut is_draining, mut is_ending) = (false, false);
    let end = poll_fn(|cx| {
        is_draining = is_draining || draining.as_mut().poll(cx).is_ready();
        loop {
            if let Poll::Ready(result) = Pin::new(&mut http).poll(cx) {
                return Poll::Ready(End::Done(result));
            }
            // hyper would close an idle connection without a look at the request that has begun to
            // come. That one has its time limit, and its response says that it is the last.
            if !is_draining || is_ending || activity.phase() == Phase::Head {
                break;
            }
            is_ending = true;
            Pin::new(&mut http).graceful_shutdown();
        }
        while timer.as_mut().poll(cx).is_ready() {
            match activity.check(limits, Instant::now()) {
                Ok(next) => timer.as_mut().reset(next),
                Err(overdue) => return Poll::Ready(End::Overdue(overdue)),
            }
        }
        Poll::Pending
    })
    .await;
    let owes_bytes = !activity.is_request_read();
    let socket = http.into_parts().io.into_inner();
    finish(end, socket, remote, owes_bytes).await;
    Ok(())
}

/// Waits until the connection has to end, and makes the responses before that say so.
async fn drains(stop: &mut watch::Receiver<Stop>, connection: &Connection) {
    // A server that is gone has sent `Stop::Drain` before.
    drop(stop.wait_for(|stop| *stop != Stop::Run).await);
    connection.activity.end_with_next();
    drop(stop.wait_for(|stop| *stop == Stop::Drain).await);
    // The runtime may not know yet of bytes that have come; the kernel does.
    let mut byte = [0];
    let peek = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    if recv(&connection.descriptor, &mut byte, peek).is_ok_and(|(length, _)| length > 0) {
        connection.activity.received(Instant::now);
    }
}

fn protocol(limits: &ConnectionLimits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        // Limit: ConnectionLimits::request_fields
        .max_headers(limits.request_fields)
        // Limit: ConnectionLimits::request_head
        .max_header_size(limits.request_head)
        .max_buf_size(limits.request_head.max(BUFFER_BYTES));
    builder
}

/// Logs an end that the client is to blame for, answers it where hyper did not, and closes.
async fn finish(end: End, mut socket: Socket, remote: SocketAddr, owes_bytes: bool) {
    let mut lingers = owes_bytes;
    match end {
        End::Done(Ok(())) | End::Overdue(Overdue::KeepAlive) => {}
        End::Done(Err(error)) if error.is_parse() => {
            // hyper has answered.
            let too_large = error.is_parse_too_large();
            refused(
                if too_large {
                    Kind::HeadTooLarge
                } else {
                    Kind::BadRequest
                },
                &error,
                remote,
            );
            lingers = true;
        }
        // The exchange has logged why, if there was one.
        End::Done(Err(_)) => lingers = false,
        End::Overdue(Overdue::Head) => {
            refused(
                Kind::HeadTimeout,
                &"the head of the request did not come in time",
                remote,
            );
            let written = socket.write_all(HEAD_TIMEOUT).await;
            lingers = written.is_ok() && socket.shutdown().await.is_ok();
        }
        End::Overdue(Overdue::Write) => {
            tracing::info!(%remote, "the client took nothing of its response for too long");
            lingers = false;
        }
    }
    if lingers {
        linger(socket).await;
    }
}

/// The response to a client that took too long with its request's head (RFC 9110, section 15.5.9).
const HEAD_TIMEOUT: &[u8] = b"HTTP/1.1 408 Request Timeout\r\n\
    connection: close\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 20\r\n\r\n\
    408 Request Timeout\n";

fn refused(kind: Kind, cause: &dyn std::fmt::Display, remote: SocketAddr) {
    let (fault, code, status) = (kind.fault().code(), kind.code(), kind.status().as_u16());
    tracing::info!(%remote, fault, code, status, "{cause}");
}

/// Reads and discards until the client has closed its end too.
async fn linger(mut socket: Socket) {
    let mut discarded = [0; 4096];
    let discard = async {
        while socket
            .read(&mut discarded)
            .await
            .is_ok_and(|length| length > 0)
        {}
    };
    // Limit: LINGER. A client that goes on sending after that loses the response.
    if tokio::time::timeout(LINGER, discard).await.is_err() {
        tracing::debug!("a client went on sending after its last response");
    }
}
