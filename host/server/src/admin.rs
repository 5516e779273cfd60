//! The admin interface of a host: HTTP and JSON over a Unix socket, for whoever operates it.
//!
//! - `socket`: the socket's file, and who may connect. `api`: from a request to what is done.
//! - `body`: requests' bodies, within their bounds. `refusal`: why something was not done.
//! - `messages`: what is sent and returned. `openapi`: the description of it all, for programs.
//!
//! This module owns the connections. No public listener leads here, and nothing is decided here
//! about apps: that is theirs.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use time::OffsetDateTime;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use self::api::Api;
use crate::apps::Apps;

mod api;
mod body;
mod messages;
mod openapi;
mod refusal;
mod socket;

pub use self::messages::{ErrorMessage, HostStatus, Rollback};
pub use self::socket::connect as connect_admin;

/// Connections at one time. The next ones wait to be accepted.
const CONNECTIONS_MAX: usize = 16;

/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Time for a request's head.
const HEAD_WAIT: Duration = Duration::from_secs(10);

/// Time for a client to read its answer.
const ANSWER_WAIT: Duration = Duration::from_secs(30);

/// Time after which a failed accept is tried again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Time that requests have to end when the host stops.
const LAST_WAIT: Duration = Duration::from_secs(10);

/// The socket of a host's admin interface, bound and not served yet.
#[derive(Debug)]
pub struct Admin {
    listener: UnixListener,
}

/// What a host tells of itself.
#[derive(Clone, Debug)]
pub struct HostInfo {
    /// The version of the program.
    pub version: String,
    /// When it began to serve.
    pub started: OffsetDateTime,
    /// The addresses at which it listens.
    pub listen: Vec<SocketAddr>,
    /// Its state folder.
    pub state: PathBuf,
}

/// Replaces the host by a new process without losing a request, and says how that went.
pub type Upgrade =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

impl Admin {
    /// Makes `admin.sock` in a state folder, in place of what a host before left there.
    ///
    /// Whoever calls this holds the folder's lock. The socket of a host that still runs is cut off
    /// by this, so a host that takes over from another one calls it last.
    pub fn bind(folder: &Path) -> io::Result<Self> {
        let listener = socket::bind(folder)?;
        Ok(Self { listener })
    }

    /// Answers requests until `shutdown`, then lets those that run end.
    ///
    /// The file stays when the host ends: a host that took over has its own in that place.
    pub async fn serve(
        self,
        apps: Arc<Apps>,
        host: HostInfo,
        upgrade: Upgrade,
        shutdown: impl Future<Output = ()>,
    ) {
        let api = Arc::new(Api::new(apps, host, upgrade));
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            // Limit: CONNECTIONS_MAX
            let has_room = connections.len() < CONNECTIONS_MAX;
            tokio::select! {
                () = &mut shutdown => break,
                Some(_ended) = connections.join_next() => {}
                stream = accept(&self.listener), if has_room => {
                    connections.spawn(serve_one(stream, Arc::clone(&api)));
                }
            }
        }
        drop(self);
        let ended = async { while connections.join_next().await.is_some() {} };
        // Limit: LAST_WAIT
        if timeout(LAST_WAIT, ended).await.is_err() {
            tracing::warn!("stopping before all admin requests have ended: they took too long");
        }
    }
}

async fn accept(listener: &UnixListener) -> UnixStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::error!("cannot accept an admin connection: {error}");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves a connection: one request, so that nobody holds a place without need.
async fn serve_one(stream: UnixStream, api: Arc<Api>) {
    match stream.peer_cred() {
        Ok(peer) if socket::is_allowed(peer.uid()) => {}
        Ok(peer) => {
            tracing::warn!(
                uid = peer.uid(),
                "refused an admin connection of another user"
            );
            return;
        }
        Err(error) => {
            tracing::warn!("refused an admin connection of an unknown user: {error}");
            return;
        }
    }
    let answered = Notify::new();
    let service = service_fn(async |request| {
        let response = api.answer(request).await;
        answered.notify_one();
        Ok::<_, Infallible>(response)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        // Limit: HEAD_WAIT
        .header_read_timeout(HEAD_WAIT)
        // Limit: HEAD_BYTES_MAX
        .max_buf_size(HEAD_BYTES_MAX)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let late = async {
        answered.notified().await;
        // Limit: ANSWER_WAIT
        sleep(ANSWER_WAIT).await;
    };
    tokio::select! {
        served = serving => {
            if let Err(error) = served {
                tracing::debug!("cannot serve an admin connection: {error}");
            }
        }
        () = late => tracing::debug!("an admin client does not read its answer"),
    }
}
