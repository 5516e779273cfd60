//! What one app may reach: its grants, and the addresses that their names may stand for.

use std::net::{IpAddr, SocketAddr};

use wasgi_gateway::OutboundError;

use super::address::{Network, is_public};
use super::grant::{Grant, Host, Target};
use super::sockets::{Known, SocketGrant};

/// What one app may reach.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) allow: Vec<Grant>,
    pub(super) private: Vec<Network>,
    /// What sockets may connect to.
    pub(super) sockets: Vec<SocketGrant>,
}

impl Policy {
    /// Refuses a request whose scheme, host and port are not granted.
    pub(super) fn check(&self, target: &Target) -> Result<(), OutboundError> {
        if self.allow.iter().any(|grant| grant.covers(target)) {
            return Ok(());
        }
        Err(OutboundError::RequestDenied(target.to_string()))
    }

    /// Refuses to say what a name stands for that no socket may connect to.
    pub(super) fn check_name(&self, name: &Host) -> Result<(), OutboundError> {
        if self.sockets.iter().any(|grant| grant.is_for(name)) {
            return Ok(());
        }
        Err(OutboundError::RequestDenied(name.to_string()))
    }

    /// Whether a socket may connect to an address. A name's are those that it was resolved to.
    pub(super) fn may_connect(&self, address: SocketAddr, known: &Known) -> bool {
        known.is_granted(&self.sockets, address)
    }

    /// Whether a name of a granted host may stand for an address.
    ///
    /// An address that a grant names is not asked about: no name stands for it.
    pub(super) fn permits(&self, name: &str, address: IpAddr) -> bool {
        // What is connected to, if an IPv6 address is only another form of an IPv4 address.
        let address = address.to_canonical();
        is_public(address)
            || (name == "localhost" && address.is_loopback())
            || self.private.iter().any(|network| network.holds(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_public_addresses_unless_granted() {
        let policy = Policy {
            allow: Vec::new(),
            private: vec!["10.1.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap()],
            sockets: Vec::new(),
        };
        for (name, address, permitted) in [
            ("a.example", "1.1.1.1", true),
            ("a.example", "127.0.0.1", false),
            ("a.example", "::ffff:127.0.0.1", false),
            ("a.example", "10.2.0.1", false),
            ("a.example", "10.1.0.1", true),
            ("a.example", "::ffff:10.1.0.1", true),
            ("a.example", "64:ff9b::10.1.0.1", false),
            ("a.example", "fd00::1", true),
            ("a.example", "fc00::1", false),
            ("localhost", "127.0.0.1", true),
            ("localhost", "127.1.2.3", true),
            ("localhost", "::1", true),
            ("localhost", "::ffff:127.0.0.1", true),
            ("localhost", "192.168.0.1", false),
            ("a.localhost", "127.0.0.1", false),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(policy.permits(name, address), permitted, "{name} {address}");
        }
    }
}
