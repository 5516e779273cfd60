//! Where listening sockets come from: handed over by the host before, by systemd, or bound.
//!
//! Owns which of them answers for an address that the operator named.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::net::sockopt;
use tokio::net::TcpListener;

use crate::address;
use crate::failure::{Failure, reason};
use crate::inherited::{ACTIVATED, Inherited, LISTEN, Named};

/// A listening socket.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) address: SocketAddr,
    origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// This host, or one before it.
    Bound,
    /// systemd, who has it too.
    Activated,
}

/// Takes or binds a socket for each address. If none is named, those of systemd are served, and
/// without any the default one. What was handed over and is not asked for is closed.
pub(crate) fn open(
    named: &[SocketAddr],
    inherited: &mut Inherited,
) -> Result<Vec<Listener>, Failure> {
    let mut offered = Vec::new();
    for (name, origin) in [(LISTEN, Origin::Bound), (ACTIVATED, Origin::Activated)] {
        for descriptor in inherited.descriptors(name) {
            offered.push(adopt(descriptor, origin)?);
        }
    }
    if named.is_empty() && offered.iter().any(Listener::is_activated) {
        offered.retain(Listener::is_activated);
        return Ok(offered);
    }
    let default = [address::DEFAULT];
    let named = if named.is_empty() { &default } else { named };
    let mut taken: Vec<_> = named
        .iter()
        .map(|address| pick(&mut offered, |other| is_same(other, *address)))
        .collect();
    // Whichever port was free for the host before still is what port 0 asks for.
    for (place, address) in taken.iter_mut().zip(named) {
        if place.is_none() && address.port() == 0 {
            *place = pick(&mut offered, |other| other.ip() == address.ip());
        }
    }
    for unwanted in offered.iter().filter(|other| other.is_activated()) {
        let address = unwanted.address;
        tracing::warn!("systemd listens on {address}, which nothing here asks for");
    }
    taken
        .into_iter()
        .zip(named)
        .map(|(place, address)| place.map_or_else(|| bind(*address), Ok))
        .collect()
}

impl Listener {
    /// A second descriptor of the socket, with the name that a successor looks for.
    pub(crate) fn share(&self) -> io::Result<Named<&'static str>> {
        let name = match self.origin {
            Origin::Bound => LISTEN,
            Origin::Activated => ACTIVATED,
        };
        Ok((name, self.socket.as_fd().try_clone_to_owned()?))
    }

    fn is_activated(&self) -> bool {
        self.origin == Origin::Activated
    }
}

fn pick(offered: &mut Vec<Listener>, fits: impl Fn(SocketAddr) -> bool) -> Option<Listener> {
    let index = offered.iter().position(|other| fits(other.address))?;
    Some(offered.remove(index))
}

/// Whether two addresses name one socket. The kernel adds a scope to some of IPv6.
fn is_same(one: SocketAddr, other: SocketAddr) -> bool {
    (one.ip(), one.port()) == (other.ip(), other.port())
}

fn adopt(descriptor: OwnedFd, origin: Origin) -> Result<Listener, Failure> {
    let listens = sockopt::socket_acceptconn(&descriptor).unwrap_or(false);
    let socket = std::net::TcpListener::from(descriptor);
    let adopted = socket.local_addr().ok().filter(|_| listens);
    let adopted = adopted.map(|address| {
        socket.set_nonblocking(true)?;
        let socket = TcpListener::from_std(socket)?;
        Ok::<_, io::Error>(Listener {
            socket,
            address,
            origin,
        })
    });
    match adopted {
        Some(listener) => listener.map_err(|error| cannot_use(&reason(&error))),
        None => Err(cannot_use("it is not a TCP socket that listens")
            .hint("a .socket unit needs `ListenStream=HOST:PORT`, and no `Accept=yes`")),
    }
}

fn cannot_use(why: &str) -> Failure {
    Failure::run_time(format!("cannot use a socket that was handed over: {why}"))
}

fn bind(address: SocketAddr) -> Result<Listener, Failure> {
    let bound = wasgi_server::bind(address).and_then(|socket| {
        let address = socket.local_addr()?;
        Ok(Listener {
            socket,
            address,
            origin: Origin::Bound,
        })
    });
    bound.map_err(|error| {
        let failure = Failure::run_time(format!("cannot listen on {address}: {}", reason(&error)));
        match error.kind() {
            io::ErrorKind::AddrInUse => {
                let free = SocketAddr::new(address.ip(), 0);
                failure.hint(format!("`--addr {free}` takes a free port"))
            }
            io::ErrorKind::PermissionDenied if address.port() < 1024 => {
                failure.hint("ports below 1024 need privileges; take one above")
            }
            _ => failure,
        }
    })
}
