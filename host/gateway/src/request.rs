//! What a request says of itself, in WSGI's terms: the parts of an environ that every contract
//! shares.
//!
//! Owns how a head is read. Must not copy what it can borrow: an environ lives for one call.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{self, HeaderMap, HeaderName};
use http::request::Parts;
use http::{Uri, Version};

use crate::request_id::RequestId;

/// What a server knows of a request beyond its head and body.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The request's name.
    pub request_id: RequestId,
    /// The listener's address.
    pub local: SocketAddr,
    /// The client.
    pub remote: Arc<Peer>,
    /// Bytes at the start of the path that select the app: its mount.
    pub script_name_length: usize,
    /// What the parameters of the app's route matched, decoded, in the route's order.
    pub route_parameters: Vec<(String, String)>,
    /// Whom the request was for, if somebody other than the client says so: a middleware does.
    pub server: Option<Server>,
}

/// The host and port that a request was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The host, without a port. An IPv6 address stands in brackets.
    pub name: String,
    /// The port.
    pub port: u16,
}

/// The other end of a connection, in the form that guests are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The IP address as text. An IPv4 address that came through IPv6 is the IPv4 one. Empty: the
    /// connection has none.
    pub address: String,
    /// The port.
    pub port: u16,
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self {
            address: address.ip().to_canonical().to_string(),
            port: address.port(),
        }
    }
}

/// The scheme of every request that comes without TLS.
pub(crate) const URL_SCHEME: &str = "http";

/// The path as sent, split into the mount and the rest.
pub(crate) fn split_path<'a>(uri: &'a Uri, origin: &Origin) -> (&'a str, &'a str) {
    uri.path()
        .split_at_checked(origin.script_name_length)
        .unwrap_or(("", uri.path()))
}

/// The host and port that a request was for: of an absolute target, else of the `host` field, else
/// the listener's (RFC 9110, section 7.2; RFC 9112, section 3.2.2). What its origin says wins.
pub(crate) fn server<'a>(parts: &'a Parts, origin: &'a Origin) -> (Cow<'a, str>, u16) {
    if let Some(Server { name, port }) = &origin.server {
        return (Cow::Borrowed(name), *port);
    }
    let field = || parts.headers.get(header::HOST)?.to_str().ok();
    let named = parts
        .uri
        .authority()
        .map(http::uri::Authority::as_str)
        .or_else(field);
    match named.map(|authority| {
        authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host)
    }) {
        Some(authority) if !authority.is_empty() => {
            let (host, port) = split_port(authority);
            (Cow::Borrowed(host), port.unwrap_or(80))
        }
        _ => (
            Cow::Owned(origin.local.ip().to_string()),
            origin.local.port(),
        ),
    }
}

/// The authority of a request that names none itself.
pub(crate) fn authority(origin: &Origin) -> String {
    match &origin.server {
        Some(Server { name, port }) => format!("{name}:{port}"),
        None => origin.local.to_string(),
    }
}

/// `host:port` in two; an IPv6 address keeps its brackets.
fn split_port(authority: &str) -> (&str, Option<u16>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()),
        _ => (authority, None),
    }
}

/// The protocol's name and version.
pub(crate) fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_3 => "HTTP/3.0",
        _ => "HTTP/1.1",
    }
}

/// The fields that go to the guest: all but those that concern the connection only.
///
/// An absolute target's authority stands in the place of the `host` field (RFC 9112, section
/// 3.2.2).
pub(crate) fn fields(parts: &Parts) -> Vec<(&str, &[u8])> {
    let named = Named::new(&parts.headers);
    let authority = parts.uri.authority();
    let mut fields = Vec::with_capacity(parts.headers.len());
    if let Some(authority) = authority {
        fields.push((header::HOST.as_str(), authority.as_str().as_bytes()));
    }
    for (name, value) in &parts.headers {
        let replaced = authority.is_some() && name == header::HOST;
        if !replaced && !concerns_connection(name) && !named.contains(name) {
            fields.push((name.as_str(), value.as_bytes()));
        }
    }
    fields
}

/// Whether a field concerns one connection only (RFC 9110, section 7.6.1).
pub(crate) fn concerns_connection(name: &HeaderName) -> bool {
    [
        header::CONNECTION,
        header::TRANSFER_ENCODING,
        header::TE,
        header::UPGRADE,
    ]
    .contains(name)
        || matches!(name.as_str(), "keep-alive" | "proxy-connection")
}

/// The names that the `connection` field lists.
pub(crate) struct Named<'a> {
    lists: Vec<&'a str>,
}

impl<'a> Named<'a> {
    pub(crate) fn new(headers: &'a HeaderMap) -> Self {
        let lists = headers.get_all(header::CONNECTION).iter();
        Self {
            lists: lists.filter_map(|list| list.to_str().ok()).collect(),
        }
    }

    pub(crate) fn contains(&self, name: &HeaderName) -> bool {
        self.lists
            .iter()
            .flat_map(|list| list.split(','))
            .any(|listed| listed.trim().eq_ignore_ascii_case(name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn origin(script_name_length: usize) -> Origin {
        Origin {
            request_id: RequestId::from_number(1),
            local: "127.0.0.1:8080".parse().unwrap(),
            remote: Arc::new(Peer {
                address: "127.0.0.2".to_owned(),
                port: 40000,
            }),
            script_name_length,
            route_parameters: Vec::new(),
            server: None,
        }
    }

    fn parts(target: &str, fields: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri(target);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_path_is_split_as_sent() {
        let parts = parts("/shop/a%20b//c?q", &[]);
        assert_eq!(split_path(&parts.uri, &origin(0)), ("", "/shop/a%20b//c"));
        assert_eq!(split_path(&parts.uri, &origin(5)), ("/shop", "/a%20b//c"));
        assert_eq!(split_path(&parts.uri, &origin(99)), ("", "/shop/a%20b//c"));
    }

    #[test]
    fn the_server_is_the_target_then_the_host_field_then_the_listener() {
        for (target, host, expected) in [
            ("http://a.example:81/", Some("b.example"), ("a.example", 81)),
            ("/", Some("b.example"), ("b.example", 80)),
            ("/", Some("b.example:82"), ("b.example", 82)),
            ("/", Some("[::1]:83"), ("[::1]", 83)),
            ("/", Some("[::1]"), ("[::1]", 80)),
            ("/", Some(""), ("127.0.0.1", 8080)),
            ("/", None, ("127.0.0.1", 8080)),
        ] {
            let fields: Vec<_> = host.iter().map(|host| ("host", *host)).collect();
            let parts = parts(target, &fields);
            let origin = origin(0);
            let (name, port) = server(&parts, &origin);
            assert_eq!((name.as_ref(), port), expected, "{target} {host:?}");
        }
    }

    #[test]
    fn the_server_is_what_the_origin_says_first() {
        let parts = parts("http://a.example:81/", &[("host", "b.example")]);
        let server = Server {
            name: "[::1]".to_owned(),
            port: 82,
        };
        let origin = Origin {
            server: Some(server),
            ..origin(0)
        };
        assert_eq!(super::server(&parts, &origin), ("[::1]".into(), 82));
        assert_eq!(authority(&origin), "[::1]:82");
    }

    #[test]
    fn fields_of_the_connection_are_left_out() {
        let parts = parts(
            "/",
            &[
                ("accept", "a"),
                ("connection", "close, X-Hop"),
                ("x-hop", "1"),
                ("accept", "b"),
            ],
        );
        let expected: [(&str, &[u8]); 2] = [("accept", b"a"), ("accept", b"b")];
        assert_eq!(fields(&parts), expected);
    }

    #[test]
    fn an_absolute_target_replaces_the_host_field() {
        let parts = parts("http://a.example/", &[("host", "b.example")]);
        let expected: [(&str, &[u8]); 1] = [("host", b"a.example")];
        assert_eq!(fields(&parts), expected);
    }
}
