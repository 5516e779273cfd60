//! Hosts: how a route names them, and which of those a request names.
//!
//! Owns the one form in which both are compared: lower case, no port, no user, no last dot, and an
//! IPv6 address in its shortest form. Must not resolve names.

use std::collections::HashMap;
use std::fmt;
use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::RouteError;
use super::tree::{Root, Tree};

/// The hosts of a route: `shop.example`, an address, or `*.shop.example` for every name beneath
/// one, however deep, but not for that one itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPattern {
    scope: Scope,
    /// The host in its one form; without `*.` for those beneath it.
    name: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    Itself,
    Beneath,
}

impl HostPattern {
    /// Whether it stands for all names beneath one.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.scope == Scope::Beneath
    }
}

impl FromStr for HostPattern {
    type Err = RouteError;

    fn from_str(text: &str) -> Result<Self, RouteError> {
        parse(text).map_err(|why| RouteError {
            expected: "a host such as \"shop.example\" or \"*.shop.example\"",
            got: text.to_owned(),
            why: why.into(),
        })
    }
}

fn parse(text: &str) -> Result<HostPattern, &'static str> {
    let (scope, name) = match text.strip_prefix("*.") {
        Some(name) => (Scope::Beneath, name),
        None => (Scope::Itself, text),
    };
    if text == "*" {
        return Err("a route without a host is for every host");
    } else if name.contains('*') {
        return Err("a `*` stands only at the start, for all labels before the first dot");
    } else if name.contains('/') {
        return Err("it must not have a scheme or a path");
    } else if name.ends_with('.') {
        return Err("it must not end with a dot");
    }
    let name = match bracketed(name) {
        Some(address) => {
            let address: Ipv6Addr = address
                .parse()
                .map_err(|_| "what stands in brackets must be an IPv6 address")?;
            format!("[{address}]")
        }
        None if name.parse::<Ipv6Addr>().is_ok() => {
            return Err("an IPv6 address must stand in brackets");
        }
        None if name.contains(':') => return Err("it must not have a port"),
        None => {
            check_name(name)?;
            name.to_ascii_lowercase()
        }
    };
    if scope == Scope::Beneath && is_address(&name) {
        return Err("an address has no names beneath it");
    }
    Ok(HostPattern {
        scope,
        name: name.into(),
    })
}

fn is_address(name: &str) -> bool {
    name.starts_with('[') || name.parse::<Ipv4Addr>().is_ok()
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scope {
            Scope::Itself => write!(f, "{}", self.name),
            Scope::Beneath => write!(f, "*.{}", self.name),
        }
    }
}

/// The paths' tree of each host that routes name.
#[derive(Debug)]
pub(super) struct Hosts {
    itself: HashMap<Box<str>, Root>,
    beneath: HashMap<Box<str>, Root>,
    every: Root,
}

impl Hosts {
    pub(super) fn new(tree: &mut Tree) -> Self {
        Self {
            itself: HashMap::new(),
            beneath: HashMap::new(),
            every: tree.plant(),
        }
    }

    /// Where the paths of a host's routes are kept.
    pub(super) fn root(&mut self, tree: &mut Tree, host: Option<&HostPattern>) -> Root {
        let Some(host) = host else {
            return self.every;
        };
        let roots = match host.scope {
            Scope::Itself => &mut self.itself,
            Scope::Beneath => &mut self.beneath,
        };
        *roots
            .entry(host.name.clone())
            .or_insert_with(|| tree.plant())
    }

    /// Those that a request may be for, the most specific first. An authority that is no host is
    /// for none that routes name.
    pub(super) fn of<'h>(
        &'h self,
        authority: Option<&str>,
        buffer: &'h mut HostBuffer,
    ) -> impl Iterator<Item = Root> + 'h {
        let is_named = !self.itself.is_empty() || !self.beneath.is_empty();
        let host = authority
            .filter(|_| is_named)
            .and_then(|authority| normalize(authority, buffer));
        let itself = host.and_then(|host| self.itself.get(host));
        let beneath = host
            .filter(|_| !self.beneath.is_empty())
            .into_iter()
            .flat_map(parents)
            .filter_map(|parent| self.beneath.get(parent));
        itself
            .into_iter()
            .chain(beneath)
            .chain([&self.every])
            .copied()
    }
}

/// Bytes that a host may have (RFC 1035, section 2.3.4).
const HOST_BYTES_MAX: usize = 253;

/// Room for a host in its one form.
pub(super) type HostBuffer = [u8; HOST_BYTES_MAX];

/// An empty buffer.
pub(super) const fn buffer() -> HostBuffer {
    [0; HOST_BYTES_MAX]
}

/// The names that a host is beneath, the longest first. There are few: a host has a bound.
fn parents(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |host| Some(host.split_once('.')?.1)).skip(1)
}

/// A request's host in its one form, or none if it is not a host that a route could name.
fn normalize<'b>(authority: &str, buffer: &'b mut HostBuffer) -> Option<&'b str> {
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let (host, _) = split_port(host);
    let length = match bracketed(host) {
        Some(address) => {
            let address: Ipv6Addr = address.parse().ok()?;
            let mut free = &mut buffer[..];
            write!(free, "[{address}]").ok()?;
            HOST_BYTES_MAX - free.len()
        }
        None => {
            let name = host.strip_suffix('.').unwrap_or(host);
            check_name(name).ok()?;
            let copy = buffer.get_mut(..name.len())?;
            copy.copy_from_slice(name.as_bytes());
            copy.make_ascii_lowercase();
            name.len()
        }
    };
    std::str::from_utf8(&buffer[..length]).ok()
}

/// `host:port` in two. The port may be empty, and is digits.
pub(super) fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
        _ => (authority, None),
    }
}

fn bracketed(host: &str) -> Option<&str> {
    host.strip_prefix('[')?.strip_suffix(']')
}

/// Refuses what is neither a name of labels (RFC 1123, section 2.1; `_` is in use, too) nor an IPv4
/// address.
fn check_name(name: &str) -> Result<(), &'static str> {
    // Limit: HOST_BYTES_MAX
    if name.len() > HOST_BYTES_MAX {
        return Err("it must not be longer than 253 bytes");
    }
    for label in name.split('.') {
        if label.is_empty() {
            return Err("there must be something between its dots");
        } else if label.len() > LABEL_BYTES_MAX {
            return Err("what stands between its dots must not be longer than 63 bytes");
        } else if !label.is_ascii() {
            return Err("other characters than ASCII must be in Punycode (`xn--…`)");
        } else if !label.bytes().all(is_label_byte) {
            return Err("it must consist of letters, digits, `-`, `_` and dots");
        } else if label.starts_with('-') || label.ends_with('-') {
            return Err("what stands between its dots must not start or end with `-`");
        }
    }
    // Clients take a name with a number at its end for an address, so that it can never be one.
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) && name.parse::<Ipv4Addr>().is_err() {
        return Err("it ends with a number, but is not an IPv4 address");
    }
    Ok(())
}

/// Bytes that a label may have (RFC 1035, section 2.3.4).
const LABEL_BYTES_MAX: usize = 63;

fn is_label_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_names_addresses_or_all_beneath_a_name() {
        let label = "a".repeat(63);
        let long = [label.as_str(); 4].join(".");
        for (text, expected) in [
            ("shop.example", Ok("shop.example")),
            ("Shop.EXAMPLE", Ok("shop.example")),
            ("localhost", Ok("localhost")),
            ("xn--caf-dma.example", Ok("xn--caf-dma.example")),
            ("my_app.example", Ok("my_app.example")),
            ("*.Shop.example", Ok("*.shop.example")),
            ("*.example", Ok("*.example")),
            ("127.0.0.1", Ok("127.0.0.1")),
            ("[::1]", Ok("[::1]")),
            ("[0:0::A]", Ok("[::a]")),
            ("", Err("between its dots")),
            ("*", Err("without a host")),
            ("*.", Err("between its dots")),
            ("a.*.example", Err("only at the start")),
            ("*a.example", Err("only at the start")),
            ("https://shop.example", Err("a scheme or a path")),
            ("shop.example/a", Err("a scheme or a path")),
            ("shop.example.", Err("end with a dot")),
            ("shop..example", Err("between its dots")),
            ("*..example", Err("between its dots")),
            ("shop.example:80", Err("a port")),
            ("::1", Err("stand in brackets")),
            ("[shop]", Err("an IPv6 address")),
            ("*.[::1]", Err("no names beneath")),
            ("*.127.0.0.1", Err("no names beneath")),
            ("café.example", Err("Punycode")),
            ("a b.example", Err("letters, digits")),
            ("a@b.example", Err("letters, digits")),
            ("-a.example", Err("start or end with `-`")),
            ("a-.example", Err("start or end with `-`")),
            ("1.2.3", Err("ends with a number")),
            ("shop.256", Err("ends with a number")),
            (&"a".repeat(64), Err("63 bytes")),
            (&long, Err("253 bytes")),
        ] {
            match (text.parse::<HostPattern>(), expected) {
                (Ok(host), Ok(shown)) => {
                    assert_eq!(host.to_string(), shown);
                    assert_eq!(host.is_wildcard(), shown.starts_with('*'));
                }
                (Err(error), Err(why)) => {
                    let message = error.to_string();
                    assert!(message.contains(why), "{message}");
                    assert!(message.contains(&format!("got {text:?}")), "{message}");
                }
                (got, _) => panic!("{text}: {got:?}"),
            }
        }
    }

    #[test]
    fn requests_name_hosts_in_many_ways() {
        let name = ["a".repeat(63).as_str(); 4].join(".");
        let longest = &name[2..];
        for (authority, expected) in [
            ("shop.example", Some("shop.example")),
            ("SHOP.example:8080", Some("shop.example")),
            ("shop.example:", Some("shop.example")),
            ("shop.example.", Some("shop.example")),
            ("shop.example.:80", Some("shop.example")),
            ("user:word@shop.example:80", Some("shop.example")),
            ("127.0.0.1:80", Some("127.0.0.1")),
            ("[::1]", Some("[::1]")),
            ("[0:0:0:0:0:0:0:1]:80", Some("[::1]")),
            ("[::ffff:1.2.3.4]", Some("[::ffff:1.2.3.4]")),
            (longest, Some(longest)),
            ("", None),
            (":80", None),
            (".", None),
            ("::1", None),
            ("[::1", None),
            ("[]", None),
            ("a..b", None),
            (".shop.example", None),
            ("shop.example..", None),
            ("shop.example:x", None),
            ("caf\u{e9}.example", None),
            ("1.2.3.4.5", None),
            (&name, None),
        ] {
            assert_eq!(normalize(authority, &mut buffer()), expected, "{authority}");
        }
    }

    #[test]
    fn a_host_is_beneath_each_of_its_ends() {
        let parents: Vec<_> = parents("a.b.shop.example").collect();
        assert_eq!(parents, ["b.shop.example", "shop.example", "example"]);
    }
}
