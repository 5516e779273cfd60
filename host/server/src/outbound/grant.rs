//! Grants: which scheme, host and port an app may send requests to.
//!
//! Owns their grammar and how a request is matched with one. It resolves no name.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use http::Uri;
use wasgi_gateway::OutboundError;

/// A scheme, host and port that an app may send requests to: `https://api.example.com`,
/// `http://127.0.0.1:9000`, or `https://*.example.com` for every name that ends so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    scheme: Scheme,
    host: Pattern,
    port: u16,
}

/// Why a text is no grant: what was expected, what came, and the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct GrantError(String);

impl GrantError {
    pub(super) fn new(message: String) -> Self {
        Self(message)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    /// This host.
    Host(Host),
    /// Any name that ends with a dot and this one.
    Below(String),
}

impl Grant {
    /// Whether a request to the target is granted.
    pub(super) fn covers(&self, target: &Target) -> bool {
        let host = match (&self.host, &target.host) {
            (Pattern::Host(granted), host) => granted == host,
            (Pattern::Below(domain), Host::Name(name)) => name
                .strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            (Pattern::Below(_), Host::Address(_)) => false,
        };
        host && self.scheme == target.scheme && self.port == target.port
    }
}

impl FromStr for Grant {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        let refused = |why: &str| {
            GrantError(format!(
                "expected SCHEME://HOST or SCHEME://HOST:PORT such as \"https://api.example.com\", \
                 got {text:?}: {why}"
            ))
        };
        let (scheme, authority) = text
            .split_once("://")
            .ok_or_else(|| refused("the scheme is missing: http:// or https://"))?;
        let scheme = Scheme::parse(scheme)
            .ok_or_else(|| refused("the scheme must be http or https, or tcp for sockets"))?;
        if authority.contains(['/', '?', '#']) {
            return Err(refused(
                "a grant has neither path nor query: end it after the host",
            ));
        }
        if authority.contains('@') {
            return Err(refused("a grant has no user: remove what ends with @"));
        }
        let (host, port) = split_port(authority)
            .ok_or_else(|| refused("the port must be a number from 1 to 65535"))?;
        let host = match host.strip_prefix("*.") {
            None => Host::parse(host).map(Pattern::Host),
            Some(domain) => match Host::parse(domain) {
                Some(Host::Name(domain)) => Some(Pattern::Below(domain)),
                Some(Host::Address(_)) | None => None,
            },
        };
        let host = host.ok_or_else(|| {
            refused(
                "the host must be a name in ASCII, `*.` and a name, an IPv4 address, or an IPv6 \
                 address in brackets",
            )
        })?;
        Ok(Self {
            scheme,
            host,
            port: port.unwrap_or(scheme.port()),
        })
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme.name())?;
        match &self.host {
            Pattern::Host(host) => write!(f, "{host}")?,
            Pattern::Below(domain) => write!(f, "*.{domain}")?,
        }
        show_port(f, self.port, self.scheme)
    }
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) scheme: Scheme,
    pub(super) host: Host,
    port: u16,
}

impl Target {
    /// The target of a request's absolute URI.
    pub(super) fn of(uri: &Uri) -> Result<Self, OutboundError> {
        let refused = |what: &str| OutboundError::Protocol(format!("{what}, got {uri}"));
        let scheme = uri
            .scheme_str()
            .and_then(Scheme::parse)
            .ok_or_else(|| refused("expected http:// or https://"))?;
        let authority = uri
            .authority()
            .ok_or_else(|| refused("expected a URI with a host"))?
            .as_str();
        let (host, port) =
            split_port(authority).ok_or_else(|| refused("expected a port from 1 to 65535"))?;
        let host = Host::parse(host)
            .ok_or_else(|| refused("expected a host that is a name or an address"))?;
        Ok(Self {
            scheme,
            host,
            port: port.unwrap_or(scheme.port()),
        })
    }

    /// The target's URI, in the one form that connections are pooled by, with the path of another.
    pub(super) fn with_path(&self, uri: &Uri) -> Result<Uri, OutboundError> {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        format!("{self}{path}")
            .parse()
            .map_err(|error| OutboundError::Protocol(format!("the URI is not valid: {error}")))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.host)?;
        show_port(f, self.port, self.scheme)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn parse(text: &str) -> Option<Self> {
        [Self::Http, Self::Https]
            .into_iter()
            .find(|scheme| scheme.name().eq_ignore_ascii_case(text))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A host as it is written: an address, or a name in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    Address(IpAddr),
    Name(String),
}

impl Host {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix('[') {
            let address: Ipv6Addr = rest.strip_suffix(']')?.parse().ok()?;
            return Some(Self::Address(address.into()));
        }
        if let Ok(address) = text.parse() {
            return Some(Self::Address(IpAddr::V4(address)));
        }
        // A resolver takes `127.1` and `0x7f000001` for addresses. They are no names, and here not
        // addresses either.
        let last = text.rsplit('.').next().unwrap_or(text);
        let numeric = match last.strip_prefix("0x").or(last.strip_prefix("0X")) {
            Some(hex) => hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
            None => last.bytes().all(|byte| byte.is_ascii_digit()),
        };
        (text.len() <= NAME_MAX && !numeric && text.split('.').all(is_label))
            .then(|| Self::Name(text.to_ascii_lowercase()))
    }
}

impl Host {
    /// A host as a guest asks for it, which writes an IPv6 address without brackets.
    pub(super) fn read(text: &str) -> Option<Self> {
        let address = text.parse().ok().map(Self::Address);
        address.or_else(|| Self::parse(text))
    }
}

/// The longest name that DNS knows.
const NAME_MAX: usize = 253;

fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Splits `HOST:PORT`. None if what stands for the port is none.
pub(super) fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    match authority.rsplit_once(':') {
        // The colons of an IPv6 address.
        Some((_, rest)) if rest.ends_with(']') => Some((authority, None)),
        Some((host, port)) => {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            let port = port.parse().ok().filter(|port| digits && *port > 0)?;
            Some((host, Some(port)))
        }
        None => Some((authority, None)),
    }
}

fn show_port(f: &mut fmt::Formatter<'_>, port: u16, scheme: Scheme) -> fmt::Result {
    if port == scheme.port() {
        Ok(())
    } else {
        write!(f, ":{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_read() {
        for (text, shown) in [
            ("https://api.example.com", "https://api.example.com"),
            ("HTTPS://API.example.COM:443", "https://api.example.com"),
            ("https://api.example.com:80", "https://api.example.com:80"),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
            ("http://localhost", "http://localhost"),
            ("https://*.example.com", "https://*.example.com"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://[0:0::1]", "http://[::1]"),
            ("http://under_score.a-b", "http://under_score.a-b"),
            ("http://1a.1a", "http://1a.1a"),
        ] {
            let grant: Grant = text.parse().unwrap();
            assert_eq!(grant.to_string(), shown, "{text}");
            assert_eq!(shown.parse(), Ok(grant), "{text}");
        }
    }

    #[test]
    fn a_bad_grant_is_refused() {
        for (text, why) in [
            ("", "the scheme is missing"),
            ("api.example.com", "the scheme is missing"),
            ("ftp://a.example", "the scheme must be"),
            ("*://a.example", "the scheme must be"),
            ("https://a.example/", "neither path nor query"),
            ("https://a.example?a", "neither path nor query"),
            ("https://a.example#a", "neither path nor query"),
            ("https://me@a.example", "no user"),
            ("https://me:pass@a.example", "no user"),
            ("https://a.example:", "the port must be"),
            ("https://a.example:0", "the port must be"),
            ("https://a.example:+1", "the port must be"),
            ("https://a.example:65536", "the port must be"),
            ("https://a.example:*", "the port must be"),
            ("https://::1", "the host must be"),
            ("https://", "the host must be"),
            ("https://:1", "the host must be"),
            ("https://*", "the host must be"),
            ("https://*.", "the host must be"),
            ("https://a.*.example", "the host must be"),
            ("https://*.127.0.0.1", "the host must be"),
            ("https://a..example", "the host must be"),
            ("https://a.example.", "the host must be"),
            ("https://bücher.example", "the host must be"),
            ("https://a b", "the host must be"),
            ("http://127.1", "the host must be"),
            ("http://0x7f000001", "the host must be"),
            ("http://2130706433", "the host must be"),
            ("http://[::1", "the host must be"),
            ("http://[::1]x", "the port must be"),
            ("http://[fe80::1%1]", "the host must be"),
            ("http://[127.0.0.1]", "the host must be"),
        ] {
            let message = text.parse::<Grant>().unwrap_err().to_string();
            assert!(message.contains(why), "{text:?} gives {message}");
            assert!(message.contains(&format!("got {text:?}")), "{message}");
        }
    }

    #[test]
    fn a_grant_covers_its_targets() {
        for (grant, uri, covered) in [
            ("https://a.example", "https://a.example/path?query", true),
            ("https://a.example", "https://A.Example:443", true),
            ("https://a.example", "https://a.example:444", false),
            ("https://a.example", "http://a.example:443", false),
            ("https://a.example", "https://b.a.example", false),
            ("https://a.example", "https://xa.example", false),
            ("https://*.a.example", "https://b.a.example", true),
            ("https://*.a.example", "https://c.b.a.example", true),
            ("https://*.a.example", "https://a.example", false),
            ("https://*.a.example", "https://ba.example", false),
            ("http://127.0.0.1", "http://127.0.0.1:80/", true),
            ("http://127.0.0.1", "http://[::ffff:127.0.0.1]/", false),
            ("http://127.0.0.1", "http://localhost", false),
            ("http://[::1]:8080", "http://[0::1]:8080", true),
            ("http://localhost", "http://localhost", true),
        ] {
            let target = Target::of(&uri.parse().unwrap()).unwrap();
            let grant: Grant = grant.parse().unwrap();
            assert_eq!(grant.covers(&target), covered, "{grant} {uri}");
        }
    }

    #[test]
    fn a_bad_target_is_refused() {
        for uri in [
            "/path",
            "ftp://a.example",
            "tcp://a.example:80",
            "http://user@a.example",
            "http://a.example:99999",
            "http://127.1",
            "http://a.example.",
        ] {
            let error = Target::of(&uri.parse().unwrap()).unwrap_err();
            assert!(matches!(error, OutboundError::Protocol(_)), "{uri} {error}");
        }
    }

    #[test]
    fn targets_have_one_form() {
        for (uri, expected) in [
            ("HTTP://A.example:80/P?q", "http://a.example/P?q"),
            ("https://a.example:80", "https://a.example:80/"),
            ("http://[0::1]?q", "http://[::1]/?q"),
        ] {
            let uri = uri.parse().unwrap();
            let target = Target::of(&uri).unwrap();
            assert_eq!(target.with_path(&uri).unwrap(), expected);
        }
    }
}
