//! The server: accepts connections until it is told to stop, and then lets them end.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use wasgi_gateway::RequestId;

use crate::access_log::Log;
use crate::config::Config;
use crate::connection;
use crate::mounts::{Mount, Mounts};

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
    pub(crate) mounts: Mounts,
    pub(crate) log: Log,
    pub(crate) ids: RequestIds,
}

/// What connections are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Serve.
    Run,
    /// End with the request that is being answered.
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
    pub fn new(config: Config, mounts: Vec<Mount>) -> io::Result<Self> {
        let log = Log::start(config.access_log, io::stdout())?;
        let (mounts, ids) = (Mounts::new(mounts), RequestIds::new());
        Ok(Self {
            shared: Arc::new(Shared {
                config,
                mounts,
                log,
                ids,
            }),
        })
    }

    /// Serves on the listeners until `shutdown`, then lets running requests end for as long as the
    /// configuration says.
    pub async fn run(self, listeners: Vec<TcpListener>, shutdown: impl Future<Output = ()>) {
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
        shutdown.await;
        tracing::info!("stopping: no new connections, running requests may end");
        tasks.shutdown().await;
        stop.send_replace(Stop::Drain);
        // Every connection holds a receiver.
        // Limit: Config::drain
        if tokio::time::timeout(shared.config.drain, stop.closed())
            .await
            .is_err()
        {
            let open = stop.receiver_count();
            tracing::warn!("stopping with {open} connections open: they took too long to end");
        }
    }
}

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
        interval.tick().await;
        for mount in shared.mounts.iter() {
            mount.app.sweep();
            let dropped = mount.app.take_dropped_log();
            if dropped > 0 {
                let app = &mount.app.settings().name;
                tracing::warn!(
                    app,
                    "{dropped} bytes of log output were dropped: over the limit"
                );
            }
        }
    }
}

/// Makes the names of requests: a counter, scrambled so that one name does not tell the next.
pub(crate) struct RequestIds {
    start: u64,
    count: AtomicU64,
}

impl RequestIds {
    fn new() -> Self {
        // The standard library's hashers are keyed at random.
        let start = RandomState::new().build_hasher().finish();
        Self {
            start,
            count: AtomicU64::new(0),
        }
    }

    pub(crate) fn next(&self) -> RequestId {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        RequestId::from_number(scramble(self.start.wrapping_add(count)))
    }
}

/// Maps each number to another one that looks random, no two to the same: SplitMix64's finalizer.
fn scramble(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn request_ids_are_distinct() {
        let ids = RequestIds::new();
        let names: HashSet<_> = (0..1000).map(|_| ids.next()).collect();
        assert_eq!(names.len(), 1000);
    }
}
