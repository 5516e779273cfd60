//! Addresses to listen on, as people write them.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs as _};

/// The address of a server that is told no other: this machine only, so that nothing is offered to
/// a network by chance, on the port that every development server uses.
pub(crate) const DEFAULT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Reads `HOST:PORT`. A host name is looked up, and its first address is taken.
pub(crate) fn parse(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let named = text.rsplit_once(':').filter(|(host, port)| {
        !host.is_empty() && !host.contains(':') && port.parse::<u16>().is_ok()
    });
    if named.is_none() {
        return Err(format!(
            "expected HOST:PORT such as 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:80, got {text:?}"
        ));
    }
    match text.to_socket_addrs().map(|mut addresses| addresses.next()) {
        Ok(Some(address)) => Ok(address),
        Ok(None) => Err(format!(
            "expected the name of a host with an address, got {text:?}"
        )),
        Err(error) => Err(format!(
            "expected the name of a host that is known, got {text:?}: {error}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_both_needed() {
        for good in ["127.0.0.1:0", "[::1]:8080", "0.0.0.0:80"] {
            assert_eq!(parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "",
            "8080",
            ":8080",
            "127.0.0.1",
            "127.0.0.1:",
            "::1:80",
            "127.0.0.1:65536",
        ] {
            let message = parse(bad).unwrap_err();
            assert!(message.contains("expected HOST:PORT"), "{bad}: {message}");
        }
    }
}
