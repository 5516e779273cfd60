//! The server: accepts connections until it is told to stop, and then lets them end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::access_log::Log;
use crate::apps::Apps;
use crate::config::Config;
use crate::connection;
use crate::request_ids::RequestIds;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// Time after which a failed accept is tried again, at first and at most. It doubles in between.
const ACCEPT_PAUSE_MIN: Duration = Duration::from_millis(5);
const ACCEPT_PAUSE_MAX: Duration = Duration::from_secs(1);

/// Time between two looks at what has waited for too long.
const SWEEP: Duration = Duration::from_secs(1);

/// The apps and what serves them.
pub struct Server {
    shared: Arc<Shared>,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) apps: Arc<Apps>,
    pub(crate) log: Log,
    pub(crate) ids: RequestIds,
}

/// Why a server stops, which decides how long its idle connections stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Nobody serves after this: idle connections are closed at once.
    End,
    /// Another process accepts from the same sockets. An idle connection may bring one more
    /// request, so that none is lost to a close that crosses it.
    Handover,
}

/// What connections are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Serve.
    Run,
    /// End with the response to the next request, or to that which is being answered.
    Last,
    /// End now, or with the request that is being answered.
    Drain,
}

/// Opens a listener. Port 0 takes a free one.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A restart must not wait for connections of the last run to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Server {
    /// Makes a server of its apps.
    ///
    /// Fails if the access log's thread cannot be started.
    pub fn new(config: Config, apps: Arc<Apps>) -> io::Result<Self> {
        let log = Log::start(config.access_log, io::stdout())?;
        let ids = RequestIds::new();
        Ok(Self {
            shared: Arc::new(Shared {
                config,
                apps,
                log,
                ids,
            }),
        })
    }

    /// Serves on the listeners until `shutdown`, then lets running requests end for as long as the
    /// configuration says. `shutdown` is first polled when connections are being accepted.
    ///
    /// The listeners are closed, but never shut down: a process that has the same sockets goes on
    /// to accept from them.
    pub async fn run(self, listeners: Vec<TcpListener>, shutdown: impl Future<Output = Shutdown>) {
        let shared = self.shared;
        let (stop, stopped) = watch::channel(Stop::Run);
        // Limit: ConnectionLimits::connections
        let places = shared.config.limits.connections.min(Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(places));
        let mut tasks = JoinSet::new();
        for listener in listeners {
            let accepting = accept(
                listener,
                Arc::clone(&shared),
                Arc::clone(&places),
                stopped.clone(),
            );
            tasks.spawn(accepting);
        }
        tasks.spawn(sweep(Arc::clone(&shared)));
        drop(stopped);
        let why = shutdown.await;
        tasks.shutdown().await;
        tracing::info!("stopping: no new connections, running requests may end");
        // Limit: Config::drain
        if tokio::time::timeout(shared.config.drain, drain(&stop, why))
            .await
            .is_err()
        {
            let open = stop.receiver_count();
            tracing::warn!("stopping with {open} connections open: they took too long to end");
        }
    }
}

/// Ends the connections. Each of them holds a receiver.
async fn drain(stop: &watch::Sender<Stop>, why: Shutdown) {
    if why == Shutdown::Handover {
        stop.send_replace(Stop::Last);
        // Limit: LAST_WAIT
        if tokio::time::timeout(LAST_WAIT, stop.closed()).await.is_ok() {
            return;
        }
    }
    stop.send_replace(Stop::Drain);
    stop.closed().await;
}

/// Time that idle connections have for one more request after a handover.
const LAST_WAIT: Duration = Duration::from_secs(5);

async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    places: Arc<Semaphore>,
    stop: watch::Receiver<Stop>,
) {
    let mut pause = ACCEPT_PAUSE_MIN;
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        let place = place.expect("the semaphore is never closed");
        let (stream, remote) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Most often there are no descriptors left, which some connection's end will mend.
                tracing::error!("cannot accept a connection: {error}");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(ACCEPT_PAUSE_MAX);
                continue;
            }
        };
        pause = ACCEPT_PAUSE_MIN;
        let (shared, stop) = (Arc::clone(&shared), stop.clone());
        tokio::spawn(async move {
            if let Err(error) = connection::serve(stream, remote, shared, stop).await {
                tracing::debug!(%remote, "cannot serve a connection: {error}");
            }
            drop(place);
        });
    }
}

async fn sweep(shared: Arc<Shared>) {
    let mut interval = tokio::time::interval(SWEEP);
    loop {
        let now = interval.tick().await;
        shared.apps.sweep(now);
    }
}
