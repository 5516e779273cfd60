//! Paths as routes name them.
//!
//! Owns the syntax of patterns and of their parameters. Must not match: that is the tree's.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::str::FromStr;

use super::RouteError;

/// Segments that a path pattern may have.
pub const PATH_SEGMENTS_MAX: usize = 32;

/// The paths of a route, in one of these forms.
///
/// - `/shop`, or `/shop/`: a *prefix*, which is this path and all beneath it. `/` is all paths.
/// - `/items/{id}`: paths with as many segments, where a parameter stands for one that is not
///   empty.
/// - `/files/{rest...}`: `/files` and all beneath it, where the parameter stands for the rest of
///   the path, which may be empty.
///
/// What is not a parameter is compared byte for byte with the path as it was sent. A parameter's
/// value is percent-decoded, and a path where that does not give UTF-8 does not match.
///
/// Two patterns are equal if they match the same paths, whatever their parameters are called; so a
/// prefix is equal to itself with a parameter for the rest. Of two that match one path, the lesser
/// is the more specific one.
#[derive(Clone, Debug)]
pub struct PathPattern {
    /// As it is written, without a slash at its end: empty for `/`.
    text: Box<str>,
    /// Bytes before the slash of the first parameter.
    script_name_length: usize,
}

/// What a segment must be. Their order is that of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step<'p> {
    /// These bytes.
    Literal(&'p str),
    /// Anything but nothing.
    Parameter,
    /// Whatever follows, with all segments behind it: always the last step.
    Rest,
}

/// A parameter of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameter<'p> {
    pub(super) name: &'p str,
    /// Whether it takes the rest of the path.
    pub(super) is_rest: bool,
}

impl PathPattern {
    /// The path of what has a name: one segment, with whatever is not allowed in a URL's path
    /// percent-encoded.
    ///
    /// Fails for the names that mean another path, `.` and `..`.
    pub fn of_name(name: &[u8]) -> Result<Self, RouteError> {
        let mut path = String::from("/");
        for &byte in name {
            if is_plain(byte) {
                path.push(char::from(byte));
            } else {
                write!(path, "%{byte:02X}").expect("a string takes every write");
            }
        }
        path.parse()
    }

    /// The literal segments before the first parameter: `/items` of `/items/{id}`, and all of a
    /// prefix. Empty, or it starts with a slash and does not end with one.
    #[must_use]
    pub fn script_name(&self) -> &str {
        &self.text[..self.script_name_length]
    }

    /// Whether it is a prefix: whether it has no parameters.
    #[must_use]
    pub fn is_prefix(&self) -> bool {
        self.script_name_length == self.text.len()
    }

    /// What its segments must be.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        let steps = self.segments().map(|segment| match parameter(segment) {
            None => Step::Literal(segment),
            Some(Parameter { is_rest: false, .. }) => Step::Parameter,
            Some(Parameter { is_rest: true, .. }) => Step::Rest,
        });
        steps.chain(self.is_prefix().then_some(Step::Rest))
    }

    /// Its parameters, each with its segment's place.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (usize, Parameter<'_>)> {
        let segments = self.segments().enumerate();
        segments.filter_map(|(place, segment)| Some((place, parameter(segment)?)))
    }

    fn segments(&self) -> impl Iterator<Item = &str> {
        self.text.split('/').skip(1)
    }
}

impl FromStr for PathPattern {
    type Err = RouteError;

    fn from_str(text: &str) -> Result<Self, RouteError> {
        parse(text).map_err(|why| RouteError {
            expected: "a path such as \"/shop\" or \"/items/{id}\"",
            got: text.to_owned(),
            why: why.into(),
        })
    }
}

fn parse(text: &str) -> Result<PathPattern, &'static str> {
    if !text.starts_with('/') {
        return Err("it must start with `/`");
    } else if text.contains("//") {
        return Err("it must not contain `//`");
    } else if text.contains(['?', '#']) {
        return Err("it must not have a query or a fragment");
    }
    let pattern = text.strip_suffix('/').unwrap_or(text);
    // Limit: PATH_SEGMENTS_MAX
    if pattern.split('/').skip(1).count() > PATH_SEGMENTS_MAX {
        return Err("it must not have more than 32 segments");
    }
    let mut names = Vec::new();
    let mut rest_is_over = false;
    let mut script_name_length = 0;
    for segment in pattern.split('/').skip(1) {
        if rest_is_over {
            return Err("a parameter that takes the rest must be the last segment");
        }
        match parameter(segment) {
            None => check_literal(segment)?,
            Some(parameter) if names.contains(&parameter.name) => {
                return Err("its parameters must have different names");
            }
            Some(parameter) => {
                check_parameter(parameter)?;
                rest_is_over = parameter.is_rest;
                names.push(parameter.name);
            }
        }
        if names.is_empty() {
            script_name_length += 1 + segment.len();
        }
    }
    if pattern.len() < text.len() && !names.is_empty() {
        return Err("with parameters it must not end with `/`, but may end with `/{rest...}`");
    }
    Ok(PathPattern {
        text: pattern.into(),
        script_name_length,
    })
}

fn check_literal(segment: &str) -> Result<(), &'static str> {
    if matches!(segment, "." | "..") {
        Err("it must not contain `.` or `..` as a segment")
    } else if segment.contains(['{', '}']) {
        Err("a parameter such as `{id}` must be a whole segment")
    } else if !is_path(segment.as_bytes()) {
        Err("other characters than those of a URL's path must be percent-encoded")
    } else {
        Ok(())
    }
}

/// The parameter that a whole text is, if it is one. Its name may be none.
pub(super) fn parameter(text: &str) -> Option<Parameter<'_>> {
    let inside = text.strip_prefix('{')?.strip_suffix('}')?;
    let rest = inside.strip_suffix("...");
    Some(Parameter {
        name: rest.unwrap_or(inside),
        is_rest: rest.is_some(),
    })
}

/// Refuses a parameter whose name is none.
pub(super) fn check_parameter(parameter: Parameter<'_>) -> Result<(), &'static str> {
    let is_name = match parameter.name.as_bytes() {
        [first, others @ ..] => {
            (first.is_ascii_alphabetic() || *first == b'_')
                && others
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        }
        [] => false,
    };
    if is_name {
        Ok(())
    } else {
        Err("a parameter's name must be a letter or `_`, then letters, digits, `_` or `-`")
    }
}

/// Whether RFC 3986 lets all these bytes stand in a path.
pub(super) fn is_path(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let [byte, tail @ ..] = rest {
        rest = match (byte, tail) {
            (b'%', [high, low, tail @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                tail
            }
            (b'/', tail) => tail,
            (&byte, tail) if is_plain(byte) => tail,
            _ => return false,
        };
    }
    true
}

/// Whether RFC 3986 lets this byte stand for itself in a segment.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte)
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.text.is_empty() {
            "/"
        } else {
            &self.text
        })
    }
}

impl Ord for PathPattern {
    fn cmp(&self, other: &Self) -> Ordering {
        self.steps().cmp(other.steps())
    }
}

impl PartialOrd for PathPattern {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for PathPattern {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for PathPattern {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_normal_paths_with_parameters() {
        let longest = "/a".repeat(PATH_SEGMENTS_MAX);
        for (text, shown, script_name) in [
            ("/", "/", ""),
            ("/shop", "/shop", "/shop"),
            ("/shop/", "/shop", "/shop"),
            ("/a/b", "/a/b", "/a/b"),
            ("/caf%C3%A9", "/caf%C3%A9", "/caf%C3%A9"),
            ("/items/{id}", "/items/{id}", "/items"),
            ("/items/{id}/edit", "/items/{id}/edit", "/items"),
            ("/{_a}/{B-1}", "/{_a}/{B-1}", ""),
            ("/{rest...}", "/{rest...}", ""),
            ("/a/{b}/{rest...}", "/a/{b}/{rest...}", "/a"),
            (&longest, &longest, &longest),
        ] {
            let pattern: PathPattern = text.parse().unwrap();
            assert_eq!(pattern.to_string(), shown);
            assert_eq!(pattern.script_name(), script_name);
            assert_eq!(pattern.is_prefix(), !text.contains('{'));
        }
    }

    #[test]
    fn other_patterns_are_refused() {
        for (text, why) in [
            ("", "start with"),
            ("shop", "start with"),
            ("{id}", "start with"),
            ("//", "contain `//`"),
            ("/a//b", "contain `//`"),
            ("/a/../b", "`.` or `..`"),
            ("/.", "`.` or `..`"),
            ("/a?b", "a query"),
            ("/a#b", "a query"),
            ("/a b", "percent-encoded"),
            ("/café", "percent-encoded"),
            ("/a%2", "percent-encoded"),
            ("/a%zz", "percent-encoded"),
            ("/a\\b", "percent-encoded"),
            ("/item-{id}", "a whole segment"),
            ("/{id", "a whole segment"),
            ("/id}", "a whole segment"),
            ("/{}", "a parameter's name"),
            ("/{...}", "a parameter's name"),
            ("/{1}", "a parameter's name"),
            ("/{a.b}", "a parameter's name"),
            ("/{a..}", "a parameter's name"),
            ("/{{a}}", "a parameter's name"),
            ("/{é}", "a parameter's name"),
            ("/{a}/{a}", "different names"),
            ("/{a}/{a...}", "different names"),
            ("/{rest...}/a", "the last segment"),
            ("/{id}/", "end with `/`"),
            ("/{rest...}/", "end with `/`"),
            (&"/a".repeat(PATH_SEGMENTS_MAX + 1), "32 segments"),
        ] {
            let message = text.parse::<PathPattern>().unwrap_err().to_string();
            assert!(message.contains(why), "{text}: {message}");
            assert!(message.contains(&format!("got {text:?}")), "{message}");
        }
    }

    #[test]
    fn names_are_encoded() {
        for (name, expected) in [
            ("shop", Some("/shop")),
            ("a b", Some("/a%20b")),
            ("50%", Some("/50%25")),
            ("a/b", Some("/a%2Fb")),
            ("{id}", Some("/%7Bid%7D")),
            ("", Some("/")),
            ("..", None),
        ] {
            let path = PathPattern::of_name(name.as_bytes()).map(|path| path.to_string());
            assert_eq!(path.ok().as_deref(), expected);
        }
    }

    #[test]
    fn patterns_are_equal_if_they_match_the_same_paths() {
        for (one, other, expected) in [
            ("/a", "/a/", Ordering::Equal),
            ("/a/{x}", "/a/{y}", Ordering::Equal),
            ("/files", "/files/{rest...}", Ordering::Equal),
            ("/", "/{all...}", Ordering::Equal),
            ("/a/b", "/a/{x}", Ordering::Less),
            ("/a/{x}", "/a", Ordering::Less),
            ("/a/{x}", "/a/{x}/{rest...}", Ordering::Less),
            ("/a", "/{x}/b", Ordering::Less),
            ("/a/b", "/a", Ordering::Less),
            ("/A", "/a", Ordering::Less),
        ] {
            let (one, other): (PathPattern, PathPattern) =
                (one.parse().unwrap(), other.parse().unwrap());
            assert_eq!(one.cmp(&other), expected, "{one} {other}");
            assert_eq!(other.cmp(&one), expected.reverse(), "{other} {one}");
        }
    }
}
