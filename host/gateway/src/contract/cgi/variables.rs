//! A request as a script is given it: meta-variables and arguments (RFC 3875, sections 4.1 and
//! 4.4).
//!
//! Owns their names and values. Must not take any from the host's own environment, and must not
//! know of the manifest's.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use http::request::Parts;
use http::{Method, header};
use percent_encoding::percent_decode_str;

use crate::request::{self, Origin};

/// What `SERVER_SOFTWARE` says.
const SOFTWARE: &str = concat!("wasgi/", env!("CARGO_PKG_VERSION"));

/// Words of an indexed query that become arguments.
const ARGUMENTS_MAX: usize = 256;

/// The meta-variables of a request whose body, if it has one, declares this length.
///
/// No name comes twice, and no value holds a NUL, which would end it early in a C program. Bytes
/// that are not UTF-8 become U+FFFD: WASI's environment is text.
///
/// Left out are `AUTH_TYPE`, `REMOTE_USER` and `REMOTE_IDENT`, because the host has authenticated
/// nobody, and `PATH_TRANSLATED`, because there is no tree of documents.
pub(crate) fn variables(
    parts: &Parts,
    origin: &Origin,
    length: Option<u64>,
) -> Vec<(String, String)> {
    let (script_name, path_info) = request::split_path(&parts.uri, origin);
    let (server_name, server_port) = request::server(parts, origin);
    // A target in absolute form is given in origin form here. Who reads `REQUEST_URI`, as Go does,
    // puts the scheme and `HTTP_HOST` before it.
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    // `*`, the target of an `OPTIONS` request, is no path.
    let path_info = if path_info.starts_with('/') {
        path_info
    } else {
        ""
    };
    let remote = &origin.remote;
    let mut variables = vec![
        ("GATEWAY_INTERFACE", "CGI/1.1".to_owned()),
        ("PATH_INFO", decoded(path_info).into_owned()),
        ("QUERY_STRING", parts.uri.query().unwrap_or("").to_owned()),
        ("REMOTE_ADDR", remote.address.clone()),
        // The address stands in for a name that was not looked up (section 4.1.9).
        ("REMOTE_HOST", remote.address.clone()),
        ("REMOTE_PORT", remote.port.to_string()),
        ("REQUEST_METHOD", parts.method.to_string()),
        ("REQUEST_URI", target.to_owned()),
        ("SCRIPT_NAME", decoded(script_name).into_owned()),
        ("SERVER_NAME", bracketed(server_name).into_owned()),
        ("SERVER_PORT", server_port.to_string()),
        (
            "SERVER_PROTOCOL",
            request::protocol(parts.version).to_owned(),
        ),
        ("SERVER_SOFTWARE", SOFTWARE.to_owned()),
        ("UNIQUE_ID", origin.request_id.to_string()),
    ];
    variables.extend(of_scheme(request::URL_SCHEME));
    variables.extend(length.map(|length| ("CONTENT_LENGTH", length.to_string())));
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    variables.extend(content_type.map(|value| ("CONTENT_TYPE", text(value.as_bytes()))));
    let variables = variables
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    variables
        .chain(of_fields(parts))
        .filter(|(_, value)| !value.contains('\0'))
        .collect()
}

/// The arguments that an indexed query stands for: a `GET` or `HEAD` whose query holds no `=`
/// (section 4.4). There are all of them or none.
pub(crate) fn arguments(method: &Method, query: Option<&str>) -> Vec<String> {
    let is_indexed = |query: &&str| {
        [Method::GET, Method::HEAD].contains(method) && !query.is_empty() && !query.contains('=')
    };
    let Some(query) = query.filter(is_indexed) else {
        return Vec::new();
    };
    // Limit: ARGUMENTS_MAX
    if query.split('+').count() > ARGUMENTS_MAX {
        return Vec::new();
    }
    let words = query
        .split('+')
        .map(|word| Some(carried(word)?.into_owned()));
    words.collect::<Option<_>>().unwrap_or_default()
}

/// What tells a script the scheme. `HTTPS` is there or not: many only look whether it is.
fn of_scheme(scheme: &'static str) -> impl Iterator<Item = (&'static str, String)> {
    let https = (scheme == "https").then(|| ("HTTPS", "on".to_owned()));
    [("REQUEST_SCHEME", scheme.to_owned())]
        .into_iter()
        .chain(https)
}

/// The `HTTP_` variables: one for each name among the fields.
///
/// `Authorization` is among them. RFC 3875 lets a server withhold it where the server does the
/// authentication (section 4.1.18); here the app is the only one that can.
fn of_fields(parts: &Parts) -> impl Iterator<Item = (String, String)> {
    let mut values = BTreeMap::<&str, Vec<u8>>::new();
    for (name, value) in request::fields(parts) {
        // Several cookie fields are one list of another kind (RFC 9113, section 8.2.3).
        let separator = if name == "cookie" { "; " } else { ", " };
        if is_variable(name) {
            values
                .entry(name)
                .and_modify(|joined| {
                    joined.extend_from_slice(separator.as_bytes());
                    joined.extend_from_slice(value);
                })
                .or_insert_with(|| value.to_vec());
        }
    }
    values.into_iter().map(|(name, value)| {
        let name = name.to_ascii_uppercase().replace('-', "_");
        (format!("HTTP_{name}"), text(&value))
    })
}

/// Whether a field becomes an `HTTP_` variable.
///
/// `HTTP_PROXY` is what HTTP clients read as the proxy to use: with it, whoever sends a request
/// would choose where the app's own requests go ("httpoxy"). And a name that holds anything but
/// letters, digits and hyphens has no variable of its own: `x_a` would pass for `x-a`, which a
/// proxy before this host may have set. nginx and Apache leave such fields out, too.
fn is_variable(name: &str) -> bool {
    // The first two have variables without `HTTP_`.
    let is_other = matches!(name, "content-length" | "content-type" | "proxy");
    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    !is_other && is_plain
}

/// A path without its encoding, as sections 4.1.5 and 4.1.13 ask for it.
///
/// One that decodes to what a variable cannot hold stays wholly as it was sent: decoded with
/// replacements, different paths would become the same one. `REQUEST_URI` has what was sent in
/// any case.
fn decoded(path: &str) -> Cow<'_, str> {
    carried(path).unwrap_or(Cow::Borrowed(path))
}

/// Encoded text, decoded, if the result can be carried in a variable or an argument.
fn carried(encoded: &str) -> Option<Cow<'_, str>> {
    let decoded = percent_decode_str(encoded).decode_utf8().ok()?;
    (!decoded.contains('\0')).then_some(decoded)
}

/// A server's name: an IPv6 address stands in brackets (section 4.1.14).
fn bracketed(name: Cow<'_, str>) -> Cow<'_, str> {
    match name.parse::<Ipv6Addr>() {
        Ok(address) => Cow::Owned(format!("[{address}]")),
        Err(_) => name,
    }
}

/// A field's value as text.
fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

#[cfg(test)]
mod tests;
