//! systemd's side of the host's life: what it is told of it, and the watchdog.
//!
//! Owns the datagrams. Sockets that systemd hands over are `listeners`'s. Where no systemd asked to
//! be told, nothing is sent.

use std::convert::Infallible;
use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::Command;
use std::time::Duration;

use sd_notify::NotifyState;

/// What systemd tells a service by. They hold for the one process, and are taken from it.
pub(crate) const VARIABLES: &[&str] = &[
    "LISTEN_PID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    NOTIFY_SOCKET,
    WATCHDOG_USEC,
    "WATCHDOG_PID",
];

const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";
const WATCHDOG_USEC: &str = "WATCHDOG_USEC";

/// The service that this process belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// Where systemd listens, as it says; none: nobody wants to know.
    socket: Option<OsString>,
    /// Time after which systemd takes a silent host for hung.
    watchdog: Option<Duration>,
}

impl Service {
    /// What the environment says.
    pub(crate) fn from_environment() -> Self {
        Self {
            socket: env::var_os(NOTIFY_SOCKET),
            watchdog: sd_notify::watchdog_enabled(),
        }
    }

    /// Tells a successor what this process was told.
    pub(crate) fn pass_on(&self, command: &mut Command) {
        if let Some(socket) = &self.socket {
            command.env(NOTIFY_SOCKET, socket);
        }
        if let Some(time) = self.watchdog {
            command.env(WATCHDOG_USEC, time.as_micros().to_string());
        }
    }

    /// The process of this number serves, and is the service's main process from now on.
    ///
    /// The main process says so, of itself or of its successor: of others systemd may not take it.
    pub(crate) fn ready(&self, pid: u32) {
        self.notify(&[NotifyState::Ready, NotifyState::MainPid(pid)]);
    }

    /// An upgrade begins; `ready` ends it.
    pub(crate) fn reloading(&self) {
        let now = NotifyState::monotonic_usec_now();
        let now = now.unwrap_or(NotifyState::MonotonicUsec(0));
        self.notify(&[NotifyState::Reloading, now]);
    }

    /// The service ends.
    pub(crate) fn stopping(&self) {
        self.notify(&[NotifyState::Stopping]);
    }

    /// Gives the watchdog the signs of life that it asks for, for as long as this is polled.
    pub(crate) async fn watch(&self) -> Infallible {
        let Some(time) = self.watchdog else {
            return std::future::pending().await;
        };
        let mut interval = tokio::time::interval((time / 2).max(WATCHDOG_MIN));
        loop {
            interval.tick().await;
            // A sign of life of the threads that serve, not only of the one that this runs on.
            if tokio::spawn(async {}).await.is_ok() {
                self.notify(&[NotifyState::Watchdog]);
            }
        }
    }

    fn notify(&self, states: &[NotifyState<'_>]) {
        let Some(socket) = &self.socket else {
            return;
        };
        let text: String = states.iter().map(|state| format!("{state}\n")).collect();
        if let Err(error) = send(socket, text.as_bytes()) {
            tracing::warn!("cannot tell systemd how the host is: {error}");
        }
    }
}

/// The shortest time between two signs of life, whatever is asked for.
const WATCHDOG_MIN: Duration = Duration::from_millis(10);

// sd-notify's own sending reads the environment each time, and knows no abstract names.
fn send(socket: &OsStr, text: &[u8]) -> io::Result<()> {
    let address = match socket.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        path => SocketAddr::from_pathname(OsStr::from_bytes(path))?,
    };
    let datagram = UnixDatagram::unbound()?;
    // Limit: SEND_WAIT
    datagram.set_write_timeout(Some(SEND_WAIT))?;
    datagram.send_to_addr(text, &address).map(|_| ())
}

/// Time that systemd has to take a datagram while its queue is full.
const SEND_WAIT: Duration = Duration::from_secs(1);
