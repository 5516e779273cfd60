//! Whether a request is one that a gateway can take: its method, target and `host` field.

use http::header::HOST;
use http::request::Parts;
use http::{Method, Version};
use wasgi_gateway::{Error, Kind};

/// Checks a request's head.
///
/// Fails for `CONNECT`, which is for proxies (RFC 9110, section 9.3.6), and for a `host` field that
/// is missing, repeated or not a host (RFC 9112, section 3.2).
pub(crate) fn check(parts: &Parts) -> Result<(), Error> {
    if parts.method == Method::CONNECT {
        return Err(bad(
            "the method is CONNECT: expected one that an origin server answers",
        ));
    }
    if !is_target(parts) {
        return Err(bad(
            "its target is neither a path nor a URI: expected `/…` or `http://…`",
        ));
    }
    let mut hosts = parts.headers.get_all(HOST).iter();
    let first = hosts.next();
    if hosts.next().is_some() {
        return Err(bad("it has several host fields: expected one"));
    }
    match first {
        None if parts.version >= Version::HTTP_11 && parts.uri.authority().is_none() => {
            Err(bad("it has no host field: expected one"))
        }
        Some(host) if !is_host(host.as_bytes()) => {
            Err(bad("its host field is not a host with an optional port"))
        }
        _ => Ok(()),
    }
}

/// The host that a request is for, with its port if it names one: of an absolute target, else of
/// the `host` field (RFC 9112, section 3.2.2).
pub(crate) fn host(parts: &Parts) -> Option<&str> {
    match parts.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => parts.headers.get(HOST)?.to_str().ok(),
    }
}

/// Whether the target has origin or absolute form, or is the asterisk of `OPTIONS` (RFC 9112,
/// section 3.2).
fn is_target(parts: &Parts) -> bool {
    let path = parts.uri.path();
    let is_absolute = parts.uri.scheme().is_some() && parts.uri.authority().is_some();
    let has_authority = parts.uri.authority().is_some();
    match path {
        "*" => parts.method == Method::OPTIONS && !has_authority,
        _ => path.starts_with('/') && (is_absolute || !has_authority),
    }
}

/// Whether a value has the form `uri-host [ ":" port ]` (RFC 9110, section 7.2). It may be empty.
fn is_host(value: &[u8]) -> bool {
    let (host, port) = match value.iter().rposition(|&byte| byte == b':' || byte == b']') {
        Some(colon) if value[colon] == b':' => (&value[..colon], &value[colon + 1..]),
        _ => (value, &b""[..]),
    };
    is_port(port)
        && match host {
            [b'[', address @ .., b']'] => {
                let text = std::str::from_utf8(address);
                text.is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok())
            }
            _ => host.iter().all(|&byte| is_host_byte(byte)),
        }
}

/// Whether a byte may stand in a `reg-name` or an IPv4 address (RFC 3986, section 3.2.2).
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(&byte)
}

fn is_port(digits: &[u8]) -> bool {
    let text = std::str::from_utf8(digits).unwrap_or("x");
    text.is_empty() || text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

fn bad(message: &str) -> Error {
    Error::new(Kind::BadRequest, message)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn is_accepted(request: http::request::Builder) -> bool {
        check(&request.body(()).unwrap().into_parts().0).is_ok()
    }

    #[test]
    fn host_must_be_there_once_and_be_a_host() {
        let get = || Request::get("/");
        assert!(is_accepted(get().header(HOST, "a.example")));
        assert!(is_accepted(get().version(Version::HTTP_10)));
        assert!(is_accepted(Request::get("http://a.example/")));
        assert!(!is_accepted(get()));
        assert!(!is_accepted(
            get().header(HOST, "a.example").header(HOST, "a.example")
        ));
        for (host, expected) in [
            ("", true),
            ("a.example:80", true),
            ("a.example:", true),
            ("127.0.0.1:8080", true),
            ("[::1]:8080", true),
            ("[::1]", true),
            ("[x]", false),
            ("::1", false),
            (":", true),
            ("a:b:80", false),
            ("a.example:99999", false),
            ("a.example:x", false),
            ("a b", false),
            ("a/b", false),
            ("user@a.example", false),
            ("a,b@c", false),
        ] {
            assert_eq!(is_accepted(get().header(HOST, host)), expected, "{host:?}");
        }
    }

    #[test]
    fn target_must_be_a_path_or_a_uri() {
        for (method, target, expected) in [
            ("GET", "/a", true),
            ("GET", "http://a.example", true),
            ("OPTIONS", "*", true),
            ("GET", "*", false),
            ("GET", "a.example", false),
            ("GET", "a.example:80", false),
        ] {
            let request = Request::builder()
                .method(method)
                .uri(target)
                .header(HOST, "a.example");
            assert_eq!(is_accepted(request), expected, "{method} {target}");
        }
    }

    #[test]
    fn connect_is_refused() {
        let connect = Request::builder()
            .method(Method::CONNECT)
            .uri("a.example:443");
        assert!(!is_accepted(connect.header(HOST, "a.example:443")));
    }
}
