//! Redirects: routes that are answered with another place.
//!
//! Owns what a redirect leads to and how that is written. Nothing that a client sends may choose
//! the host that it leads to.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use http::{HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::host::{HostPattern, split_port};
use super::pattern::{self, Parameter};
use super::{Route, RouteError};

/// A route whose requests are sent elsewhere.
///
/// A prefix sends all beneath it to the same place: `/old` to `/new` leads from `/old/a` to `/new`.
/// `/old/{rest...}` to `/new/{rest...}` carries the rest along. A redirect to a path that it
/// matches itself leads a client round in circles until that gives up.
#[derive(Clone, Debug)]
pub struct Redirect {
    pub(super) from: Route,
    pub(super) to: Target,
    pub(super) status: StatusCode,
}

/// The status of a redirect of which nothing is said: for good, with the method kept.
pub const REDIRECT_STATUS_DEFAULT: u16 = 308;

impl Redirect {
    /// Redirects requests for a route.
    ///
    /// Fails if the target has a parameter that the route has not, or if the status is none of a
    /// redirect.
    pub fn new(from: Route, to: Target, status: u16) -> Result<Self, RouteError> {
        let strange = to.parameters().find(|&needed| {
            let mut own = from.path.parameters();
            !own.any(|(_, parameter)| parameter == needed)
        });
        if let Some(Parameter { name, is_rest }) = strange {
            let (path, end) = (&from.path, if is_rest { "..." } else { "" });
            return Err(RouteError {
                expected: "a target with the parameters of the redirected path",
                got: to.to_string(),
                why: format!("the path {path} has no parameter {{{name}{end}}}").into(),
            });
        }
        let status = StatusCode::from_u16(status)
            .ok()
            .filter(|_| matches!(status, 301 | 302 | 303 | 307 | 308))
            .ok_or_else(|| RouteError {
                expected: "a redirect's status",
                got: status.to_string(),
                why: "it must be 301, 302, 303, 307 or 308".into(),
            })?;
        Ok(Self { from, to, status })
    }
}

/// What a redirect leads to: a path such as `/new/{id}`, or a URL such as
/// `https://other.example/{rest...}`, either perhaps with a query.
///
/// Parameters stand in the path or the query, also as a part of a segment.
#[derive(Clone, Debug)]
pub struct Target {
    text: Box<str>,
    pieces: Box<[Piece]>,
    is_url: bool,
    has_query: bool,
}

#[derive(Clone, Debug)]
enum Piece {
    Literal(Box<str>),
    Parameter {
        name: Box<str>,
        is_rest: bool,
        is_in_query: bool,
    },
}

impl Target {
    fn parameters(&self) -> impl Iterator<Item = Parameter<'_>> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(_) => None,
            Piece::Parameter { name, is_rest, .. } => Some(Parameter {
                name,
                is_rest: *is_rest,
            }),
        })
    }

    /// Writes it for a request: with what was sent in the parameters' places, and with the
    /// request's query if it has none itself.
    pub(super) fn locate<'r>(
        &self,
        value: impl Fn(&str) -> &'r str,
        query: Option<&str>,
    ) -> HeaderValue {
        let mut location = String::with_capacity(self.text.len());
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => location.push_str(text),
                Piece::Parameter {
                    name, is_in_query, ..
                } => {
                    let set = if *is_in_query { IN_QUERY } else { UNSAFE };
                    location.extend(utf8_percent_encode(value(name), set));
                }
            }
        }
        if !self.is_url {
            // What follows two slashes is a host, and here it would be one that the client chose.
            let slashes = location.bytes().take_while(|&byte| byte == b'/').count();
            location.drain(1..slashes.max(1));
        }
        if let Some(query) = query.filter(|_| !self.has_query) {
            location.push('?');
            location.extend(utf8_percent_encode(query, UNSAFE));
        }
        HeaderValue::try_from(location).expect("what was sent is encoded to visible ASCII")
    }
}

/// What must not be copied from a request's target to a field, though some clients send it there.
/// A browser takes a backslash for a slash.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What in a path stands for itself, but not in a form's value.
const IN_QUERY: &AsciiSet = &UNSAFE.add(b'&').add(b'+').add(b'=');

impl FromStr for Target {
    type Err = RouteError;

    fn from_str(text: &str) -> Result<Self, RouteError> {
        let error = |why| RouteError {
            expected: "a path such as \"/new/{id}\" or a URL such as \"https://other.example/\"",
            got: text.to_owned(),
            why,
        };
        let origin_length = check_origin(text).map_err(error)?;
        let (origin, rest) = text.split_at(origin_length);
        let pieces = read_pieces(origin, rest).map_err(|why| error(why.into()))?;
        Ok(Self {
            text: text.into(),
            pieces: pieces.into(),
            is_url: !origin.is_empty(),
            has_query: text.contains('?'),
        })
    }
}

/// Checks what stands before the path, and returns its length.
fn check_origin(text: &str) -> Result<usize, Cow<'static, str>> {
    if text.starts_with("//") {
        return Err("it must not start with `//`: write another host as `https://…`".into());
    } else if text.starts_with('/') {
        return Ok(0);
    }
    let after_scheme = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .ok_or("it must start with `/`, `https://` or `http://`")?;
    let authority = after_scheme.split(['/', '?', '#']).next().unwrap_or("");
    let (host, port) = split_port(authority);
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err("its port must be a number up to 65535".into());
    }
    let host: HostPattern = host.parse().map_err(|error: RouteError| error.why)?;
    if host.is_wildcard() {
        return Err("it must be one host".into());
    }
    Ok(text.len() - after_scheme.len() + authority.len())
}

/// Reads the path and the query. What stands before them is the first piece.
fn read_pieces(origin: &str, text: &str) -> Result<Vec<Piece>, &'static str> {
    let mut pieces = vec![Piece::Literal(origin.into())];
    let mut rest = text;
    while !rest.is_empty() {
        let length = if rest.starts_with('{') {
            1 + rest.find('}').ok_or("a `{` must have its `}`")?
        } else {
            rest.find('{').unwrap_or(rest.len())
        };
        let (piece, others) = rest.split_at(length);
        let before = &text[..text.len() - rest.len()];
        pieces.push(match pattern::parameter(piece) {
            Some(parameter) => {
                pattern::check_parameter(parameter)?;
                Piece::Parameter {
                    name: parameter.name.into(),
                    is_rest: parameter.is_rest,
                    is_in_query: before.contains('?'),
                }
            }
            None => {
                check_literal(piece)?;
                Piece::Literal(piece.into())
            }
        });
        rest = others;
    }
    Ok(pieces)
}

fn check_literal(text: &str) -> Result<(), &'static str> {
    if text.contains('#') {
        Err("it must not have a fragment")
    } else if !text
        .split('?')
        .all(|part| pattern::is_path(part.as_bytes()))
    {
        Err("other characters than those of a URL must be percent-encoded")
    } else {
        Ok(())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_paths_or_urls() {
        for text in [
            "/",
            "/new",
            "/new/{id}",
            "/{rest...}",
            "/items/item-{id}.html?q={id}&r=a/b?c",
            "https://other.example",
            "http://other.example:8080/{rest...}",
            "https://[::1]/",
            "https://other.example?a=b",
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_targets_are_refused() {
        for (text, why) in [
            ("", "start with `/`, `https://`"),
            ("new", "start with `/`, `https://`"),
            ("{id}", "start with `/`, `https://`"),
            ("ftp://a.example/", "start with `/`, `https://`"),
            ("javascript:alert(1)", "start with `/`, `https://`"),
            ("//other.example", "start with `//`"),
            ("/\\other.example", "percent-encoded"),
            ("/a b", "percent-encoded"),
            ("/a\r\nb: c", "percent-encoded"),
            ("/é", "percent-encoded"),
            ("/%2", "percent-encoded"),
            ("/a#b", "a fragment"),
            ("https://a.example#b", "a fragment"),
            ("/{id", "its `}`"),
            ("/id}", "percent-encoded"),
            ("/{}", "a parameter's name"),
            ("https://", "between its dots"),
            ("https://{id}/", "letters, digits"),
            ("https://a.example{id}/", "letters, digits"),
            ("https://a.example:{id}/", "a port"),
            ("https://user@a.example/", "letters, digits"),
            ("https://*.a.example/", "one host"),
            ("https://a.example:99999/", "65535"),
            ("https://a.example:/", "65535"),
        ] {
            let message = text.parse::<Target>().unwrap_err().to_string();
            assert!(message.contains(why), "{text}: {message}");
            assert!(message.contains(&format!("got {text:?}")), "{message}");
        }
    }

    #[test]
    fn a_redirect_has_only_its_routes_parameters_and_a_redirects_status() {
        for (from, to, status, why) in [
            ("/a/{id}", "/b/{id}", 308, None),
            ("/a/{id}", "/b", 301, None),
            ("/a/{rest...}", "/b/{rest...}", 302, None),
            ("/a/{id}", "/b/{other}", 308, Some("no parameter {other}")),
            ("/a/{id}", "/b/{id...}", 308, Some("no parameter {id...}")),
            (
                "/a/{rest...}",
                "/b/{rest}",
                308,
                Some("no parameter {rest}"),
            ),
            (
                "/a",
                "/b/{rest...}",
                308,
                Some("the path /a has no parameter"),
            ),
            ("/a", "/b", 200, Some("301, 302, 303, 307 or 308")),
            ("/a", "/b", 304, Some("301, 302, 303, 307 or 308")),
            ("/a", "/b", 0, Some("301, 302, 303, 307 or 308")),
        ] {
            let from = Route {
                host: None,
                path: from.parse().unwrap(),
            };
            let result = Redirect::new(from, to.parse().unwrap(), status);
            match why {
                None => assert_eq!(result.unwrap().status.as_u16(), status),
                Some(why) => {
                    let message = result.unwrap_err().to_string();
                    assert!(message.contains(why), "{message}");
                }
            }
        }
    }

    #[test]
    fn a_location_stays_on_its_host_and_is_a_url() {
        for (to, value, query, expected) in [
            ("/new", "", None, "/new"),
            ("/new", "", Some("a=b"), "/new?a=b"),
            ("/new", "", Some(""), "/new?"),
            ("/new?c", "", Some("a=b"), "/new?c"),
            ("/{v}", "7", None, "/7"),
            ("/{v...}", "", None, "/"),
            ("/{v...}", "a/b%2F/", None, "/a/b%2F/"),
            ("/{v...}", "/evil.example", None, "/evil.example"),
            ("/{v...}", "///evil.example", None, "/evil.example"),
            ("/{v...}", "\\evil.example", None, "/%5Cevil.example"),
            ("/{v...}/{v...}", "", None, "/"),
            ("/x/{v...}", "/a", None, "/x//a"),
            (
                "https://o.example/{v...}",
                "/a",
                None,
                "https://o.example//a",
            ),
            ("https://o.example", "", Some("a"), "https://o.example?a"),
            ("/{v}", "a\"<é>{b}", None, "/a%22%3C%C3%A9%3E%7Bb%7D"),
            ("/{v}", "%e9&a=b+c", None, "/%e9&a=b+c"),
            ("/?q={v}", "%e9&a=b+c", Some("d"), "/?q=%e9%26a%3Db%2Bc"),
            ("/new", "", Some("a\r\nb: c"), "/new?a%0D%0Ab:%20c"),
        ] {
            let target: Target = to.parse().unwrap();
            assert_eq!(target.locate(|_| value, query), expected, "{to} {value}");
        }
    }
}
