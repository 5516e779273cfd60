//! Sockets of guests: which host and port an app may connect to, and which addresses that is.
//!
//! Owns the grammar of these grants, and the addresses that names were resolved to. It opens no
//! socket: the gateway's guests have theirs, and ask here before they connect.

use std::collections::VecDeque;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::grant::{GrantError, Host, split_port};

/// A host and port that an app's guests may connect a TCP socket to: `tcp://127.0.0.1:5432`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketGrant {
    host: Host,
    port: u16,
}

/// What a socket's grant begins with, among those of requests.
pub(super) const SCHEME: &str = "tcp://";

impl SocketGrant {
    /// Whether a text is meant to be one: it has the scheme.
    pub fn is_meant(text: &str) -> bool {
        let scheme = text.get(..SCHEME.len());
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
    }

    /// Whether it is for this name.
    pub(super) fn is_for(&self, name: &Host) -> bool {
        self.host == *name
    }

    /// Whether it covers an address, which these names are known to stand for.
    pub(super) fn covers<'a>(
        &self,
        address: SocketAddr,
        mut names: impl Iterator<Item = &'a str>,
    ) -> bool {
        self.port == address.port()
            && match &self.host {
                Host::Address(granted) => *granted == address.ip(),
                Host::Name(granted) => names.any(|name| name == granted),
            }
    }
}

impl FromStr for SocketGrant {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        let refused = |why: &str| {
            GrantError::new(format!(
                "expected tcp://HOST:PORT such as \"tcp://127.0.0.1:5432\", got {text:?}: {why}"
            ))
        };
        let authority = text.get(SCHEME.len()..).filter(|_| Self::is_meant(text));
        let authority = authority.ok_or_else(|| refused("the scheme must be tcp"))?;
        let Some((host, Some(port))) = split_port(authority) else {
            return Err(refused("the port must be a number from 1 to 65535"));
        };
        let host = Host::parse(host).ok_or_else(|| {
            refused(
                "the host must be a name in ASCII, an IPv4 address, or an IPv6 address in brackets",
            )
        })?;
        Ok(Self { host, port })
    }
}

impl fmt::Display for SocketGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}:{}", self.host, self.port)
    }
}

/// Addresses that are known for the names of one app together. Beyond them the oldest is forgotten.
const KNOWN_MAX: usize = 256;

/// Time for which an address is known for its name. A guest that kept it for longer asks again.
const KNOWN_FOR: Duration = Duration::from_secs(600);

/// The addresses that guests were told names stand for, the newest last.
#[derive(Debug, Default)]
pub(super) struct Known {
    told: Mutex<VecDeque<Told>>,
}

#[derive(Debug)]
struct Told {
    name: String,
    address: IpAddr,
    at: Instant,
}

impl Known {
    /// Remembers what a name stands for.
    pub(super) fn add(&self, name: &str, addresses: &[IpAddr]) {
        let mut told = self.lock();
        let at = Instant::now();
        for &address in addresses {
            told.retain(|known| known.name != name || known.address != address);
            // Limit: KNOWN_MAX
            if told.len() >= KNOWN_MAX {
                told.pop_front();
            }
            let name = name.to_owned();
            told.push_back(Told { name, address, at });
        }
    }

    /// Whether a grant covers an address, with what is known of names.
    pub(super) fn is_granted(&self, grants: &[SocketGrant], address: SocketAddr) -> bool {
        let told = self.lock();
        // Limit: KNOWN_FOR
        let names = || {
            let fresh = told.iter().filter(|known| known.at.elapsed() < KNOWN_FOR);
            let named = fresh.filter(|known| known.address == address.ip());
            named.map(|known| known.name.as_str())
        };
        grants.iter().any(|grant| grant.covers(address, names()))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_read() {
        for (text, shown) in [
            ("tcp://127.0.0.1:5432", "tcp://127.0.0.1:5432"),
            ("TCP://DB.example:1", "tcp://db.example:1"),
            ("tcp://[0::1]:65535", "tcp://[::1]:65535"),
            ("tcp://localhost:80", "tcp://localhost:80"),
        ] {
            let grant: SocketGrant = text.parse().unwrap();
            assert_eq!(grant.to_string(), shown, "{text}");
            assert_eq!(shown.parse(), Ok(grant), "{text}");
        }
    }

    #[test]
    fn a_bad_grant_is_refused() {
        for (text, why) in [
            ("https://a.example:1", "the scheme must be"),
            ("tcp:/", "the scheme must be"),
            ("tcp://a.example", "the port must be"),
            ("tcp://[::1]", "the port must be"),
            ("tcp://a.example:0", "the port must be"),
            ("tcp://a.example:70000", "the port must be"),
            ("tcp://a.example:1/", "the port must be"),
            ("tcp://*.a.example:1", "the host must be"),
            ("tcp://:1", "the host must be"),
            ("tcp://127.1:1", "the host must be"),
            ("tcp://me@a.example:1", "the host must be"),
        ] {
            let message = text.parse::<SocketGrant>().unwrap_err().to_string();
            assert!(message.contains(why), "{text:?} gives {message}");
            assert!(message.contains(&format!("got {text:?}")), "{message}");
        }
    }

    #[test]
    fn an_address_is_granted_by_itself_or_by_a_name_it_was_found_by() {
        let grants = [
            "tcp://127.0.0.1:1",
            "tcp://db.example:2",
            "tcp://b.example:3",
        ];
        let grants = grants.map(|grant| grant.parse().unwrap());
        let known = Known::default();
        let is_granted =
            |known: &Known, address: &str| known.is_granted(&grants, address.parse().unwrap());
        assert!(is_granted(&known, "127.0.0.1:1"));
        assert!(!is_granted(&known, "127.0.0.1:2"));
        assert!(!is_granted(&known, "127.0.0.2:1"));
        assert!(!is_granted(&known, "1.1.1.1:2"));
        known.add(
            "db.example",
            &["1.1.1.1".parse().unwrap(), "2001::1".parse().unwrap()],
        );
        assert!(is_granted(&known, "1.1.1.1:2"));
        assert!(is_granted(&known, "[2001::1]:2"));
        assert!(!is_granted(&known, "1.1.1.1:3"));
        known.add("b.example", &["1.1.1.1".parse().unwrap()]);
        assert!(is_granted(&known, "1.1.1.1:2") && is_granted(&known, "1.1.1.1:3"));
    }

    #[test]
    fn only_so_many_addresses_are_known() {
        let grants = ["tcp://db.example:2".parse().unwrap()];
        let known = Known::default();
        let address = |number: u32| IpAddr::V4(number.into());
        for number in 0..1000 {
            known.add("db.example", &[address(number), address(999)]);
        }
        assert_eq!(known.lock().len(), KNOWN_MAX);
        assert!(known.is_granted(&grants, (address(999), 2).into()));
        assert!(!known.is_granted(&grants, (address(1), 2).into()));
    }
}
