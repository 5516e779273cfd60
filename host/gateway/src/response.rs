//! Checks a guest's response before any of it reaches a client.
//!
//! Owns what a head and trailers may hold, and how long a body is to be. Whatever a guest returns,
//! what leaves here is valid HTTP with one framing.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};

use crate::error::{Error, Kind};
use crate::limits::Limits;
use crate::request::concerns_connection;

/// A field as a guest returns it.
pub(crate) type Field = (String, Vec<u8>);

/// A head that was checked.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The length that the guest declared, if it did.
    pub(crate) length: Option<u64>,
}

impl Head {
    /// Checks a status and fields.
    pub(crate) fn new(status: u16, fields: Vec<Field>, limits: &Limits) -> Result<Self, Error> {
        let headers = headers(fields, limits)?;
        Self::of(status, headers)
    }

    /// Checks a status and a map of fields.
    pub(crate) fn from_map(
        status: u16,
        mut headers: HeaderMap,
        limits: &Limits,
    ) -> Result<Self, Error> {
        check_map(&mut headers, limits)?;
        Self::of(status, headers)
    }

    fn of(status: u16, mut headers: HeaderMap) -> Result<Self, Error> {
        let status = match StatusCode::from_u16(status) {
            Ok(code) if (200..600).contains(&status) => code,
            _ => {
                return Err(bad(format!(
                    "it returned status {status}: expected 200 to 599"
                )));
            }
        };
        let length = declared_length(&headers)?;
        if let Some(length) = length {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        Ok(Self {
            status,
            headers,
            length,
        })
    }

    /// Makes the response.
    pub(crate) fn with<B>(self, body: B) -> Response<B> {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }

    /// Whether a response with this head to this method has a body (RFC 9110, section 6.4.1).
    pub(crate) fn has_body(&self, method: &Method) -> bool {
        let none = [
            StatusCode::NO_CONTENT,
            StatusCode::RESET_CONTENT,
            StatusCode::NOT_MODIFIED,
        ];
        *method != Method::HEAD && !none.contains(&self.status)
    }

    /// Whether trailers were announced.
    pub(crate) fn announces_trailers(&self) -> bool {
        self.headers.contains_key(header::TRAILER)
    }

    /// Checks the length of a body that is known as a whole. Whoever sends it declares it.
    ///
    /// Fails if the guest declared another one.
    pub(crate) fn check_length(&self, length: u64) -> Result<(), Error> {
        match self.length {
            Some(declared) if declared != length => Err(bad(format!(
                "it declared a content-length of {declared} and returned {length} bytes"
            ))),
            _ => Ok(()),
        }
    }

    /// Makes the head that of a response without a body: one to `HEAD` keeps the length that a
    /// body would have had; no other has one (RFC 9110, section 8.6).
    pub(crate) fn forget_body(&mut self, method: &Method, length: Option<u64>) {
        if *method != Method::HEAD && self.status != StatusCode::NOT_MODIFIED {
            self.headers.remove(header::CONTENT_LENGTH);
        } else if let (None, Some(length)) = (self.length, length) {
            self.headers
                .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
    }
}

/// A head that is HTTP, in other respects unchecked.
pub(crate) fn unchecked(status: u16, fields: Vec<Field>) -> Result<Response<()>, Error> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status)
        .map_err(|_| bad(format!("it returned status {status}: expected 200 to 599")))?;
    *response.headers_mut() = map(fields)?;
    Ok(response)
}

/// Checks the fields of a head or of trailers, and leaves out those that are the host's own.
pub(crate) fn headers(fields: Vec<Field>, limits: &Limits) -> Result<HeaderMap, Error> {
    let bytes = fields
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    check_size(fields.len(), bytes, limits)?;
    let mut headers = map(fields)?;
    remove_own(&mut headers);
    Ok(headers)
}

fn map(fields: Vec<Field>) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields {
        let Ok(checked) = HeaderName::from_bytes(name.as_bytes()) else {
            return Err(bad(format!(
                "it returned a field named {name:?}: expected a token"
            )));
        };
        let Ok(value) = HeaderValue::from_maybe_shared(bytes::Bytes::from(value)) else {
            return Err(bad(format!(
                "it returned a value of {name:?} with a control character: expected none"
            )));
        };
        headers.append(checked, value);
    }
    Ok(headers)
}

/// Checks a map of fields as [`headers`] does. That it is a map says that they are valid.
pub(crate) fn check_map(headers: &mut HeaderMap, limits: &Limits) -> Result<(), Error> {
    let bytes = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    check_size(headers.len(), bytes, limits)?;
    remove_own(headers);
    Ok(())
}

/// Leaves out the fields that are the host's own.
fn remove_own(headers: &mut HeaderMap) {
    let own: Vec<_> = headers
        .keys()
        .filter(|name| concerns_connection(name))
        .cloned()
        .collect();
    for name in own {
        headers.remove(name);
    }
}

fn check_size(count: usize, bytes: usize, limits: &Limits) -> Result<(), Error> {
    // Limit: Limits::response_fields
    if count > limits.response_fields {
        let limit = limits.response_fields;
        return Err(bad(format!(
            "it returned {count} fields: expected at most {limit}"
        )));
    }
    // Limit: Limits::response_head
    if bytes as u64 > limits.response_head {
        let limit = limits.response_head;
        return Err(bad(format!(
            "it returned {bytes} bytes of fields: expected at most {limit}"
        )));
    }
    Ok(())
}

/// The one length that the fields declare. Several that agree become one.
fn declared_length(headers: &HeaderMap) -> Result<Option<u64>, Error> {
    let mut length = None;
    for value in headers.get_all(header::CONTENT_LENGTH) {
        let digits = value
            .to_str()
            .ok()
            .filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let Some(number) = digits.and_then(|digits| digits.parse::<u64>().ok()) else {
            return Err(bad(format!(
                "it returned a content-length of {value:?}: expected a number"
            )));
        };
        if length.is_some_and(|length| length != number) {
            return Err(bad(
                "it returned several values of content-length: expected one".to_owned(),
            ));
        }
        length = Some(number);
    }
    Ok(length)
}

/// The error of a response that cannot be sent.
pub(crate) fn bad(message: String) -> Error {
    Error::new(Kind::BadResponse, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, fields: &[(&str, &[u8])]) -> Result<Head, Error> {
        let fields = fields
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_vec()));
        Head::new(status, fields.collect(), &Limits::DEFAULT)
    }

    #[test]
    fn refuses_what_is_not_http() {
        for (status, name, value) in [
            (99, "a", &b"b"[..]),
            (100, "a", b"b"),
            (199, "a", b"b"),
            (600, "a", b"b"),
            (65535, "a", b"b"),
            (200, "", b"b"),
            (200, "a b", b"b"),
            (200, "a:", b"b"),
            (200, "a\r\nx", b"b"),
            (200, "\u{e9}", b"b"),
            (200, "a", b"b\r\nx: y"),
            (200, "a", b"b\0"),
            (200, "a", b"\x7f"),
            (200, "content-length", b"-1"),
            (200, "content-length", b"+1"),
            (200, "content-length", b""),
            (200, "content-length", b"1, 1"),
            (200, "content-length", b"18446744073709551616"),
        ] {
            let error = head(status, &[(name, value)]).unwrap_err();
            assert_eq!(
                error.kind(),
                Kind::BadResponse,
                "{status} {name:?} {value:?}"
            );
            assert!(error.to_string().contains("expected"), "{error}");
        }
    }

    #[test]
    fn keeps_repeated_fields_and_bytes_beyond_ascii() {
        let head = head(200, &[("Set-Cookie", b"a=1"), ("set-cookie", b"b=\xff\t2")]).unwrap();
        let values: Vec<_> = head.headers.get_all("set-cookie").iter().collect();
        assert_eq!(values, [&b"a=1"[..], b"b=\xff\t2"]);
    }

    #[test]
    fn drops_fields_of_the_connection() {
        let names = [
            "Connection",
            "keep-alive",
            "Proxy-Connection",
            "TE",
            "upgrade",
        ];
        let fields: Vec<_> = names.iter().map(|&name| (name, &b"x"[..])).collect();
        assert!(head(200, &fields).unwrap().headers.is_empty());
        assert!(
            head(200, &[("transfer-encoding", b"chunked")])
                .unwrap()
                .headers
                .is_empty()
        );
    }

    #[test]
    fn lengths_that_agree_become_one_and_others_are_refused() {
        let length = |values: &[&'static [u8]]| {
            let fields: Vec<_> = values
                .iter()
                .map(|&value| ("content-length", value))
                .collect();
            head(200, &fields)
        };
        let agreed = length(&[b"5", b"5"]).unwrap();
        agreed.check_length(5).unwrap();
        assert_eq!(
            agreed
                .headers
                .get_all(header::CONTENT_LENGTH)
                .iter()
                .count(),
            1
        );
        assert!(length(&[b"5", b"6"]).is_err());
        assert!(length(&[b"5"]).unwrap().check_length(6).is_err());
    }

    #[test]
    fn counts_fields_and_bytes() {
        let limits = Limits {
            response_fields: 2,
            response_head: 10,
            ..Limits::DEFAULT
        };
        let field = |name: &str, bytes| (name.to_owned(), vec![b'x'; bytes]);
        assert!(headers(vec![field("a", 4), field("b", 4)], &limits).is_ok());
        assert!(headers(vec![field("a", 4), field("b", 5)], &limits).is_err());
        assert!(headers(vec![field("a", 0), field("b", 0), field("c", 0)], &limits).is_err());
    }

    #[test]
    fn only_responses_with_a_body_keep_its_length() {
        for (status, method, expected) in [
            (204, Method::GET, None),
            (205, Method::GET, None),
            (304, Method::GET, Some("5")),
            (200, Method::HEAD, Some("5")),
        ] {
            let mut head = head(status, &[("content-length", b"5")]).unwrap();
            assert!(!head.has_body(&method));
            head.forget_body(&method, Some(9));
            let length = head.headers.get(header::CONTENT_LENGTH);
            assert_eq!(
                length.map(|value| value.to_str().unwrap()),
                expected,
                "{status} {method}"
            );
        }
    }
}
