//! From a middleware's environ to the request that the app which it wraps is called with.
//!
//! Owns what such a request may hold: whatever passes is valid HTTP. An error is a text for the
//! guest.

use std::sync::Arc;

use http::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Request, Uri, Version};

use crate::contract::native::bindings::middleware::wasgi::gateway::types::Environ;
use crate::request::{Origin, Peer, Server};
use crate::response::Field;

/// Fields of a request that a middleware makes, and bytes of their names and values: more than a
/// client may send by default, so that there is room for what middleware adds.
const FIELDS_MAX: usize = 1000;
const FIELD_BYTES_MAX: usize = 256 * 1024;

/// The request that an environ describes. What is the host's own word in it is not read: `origin`
/// says that, as it did to the middleware.
pub(super) fn request(environ: Environ, origin: &Origin) -> Result<(Request<()>, Origin), String> {
    let query = environ.query_string.as_deref();
    let target = target(&environ.script_name, &environ.path_info, query)?;
    let mut request = Request::new(());
    *request.method_mut() = method(&environ.request_method)?;
    *request.version_mut() = version(&environ.server_protocol)?;
    *request.uri_mut() = target;
    *request.headers_mut() = headers(environ.headers)?;
    let remote = environ.remote.map_or_else(
        || Peer {
            address: String::new(),
            port: 0,
        },
        |peer| Peer {
            address: peer.address,
            port: peer.port,
        },
    );
    let origin = Origin {
        request_id: origin.request_id,
        local: origin.local,
        remote: Arc::new(remote),
        script_name_length: environ.script_name.len(),
        route_parameters: environ.route_parameters,
        server: Some(Server {
            name: environ.server_name,
            port: environ.server_port,
        }),
    };
    Ok((request, origin))
}

fn method(name: &str) -> Result<Method, String> {
    Method::from_bytes(name.as_bytes())
        .map_err(|_| format!("the request-method is {name:?}: expected a token"))
}

fn version(protocol: &str) -> Result<Version, String> {
    match protocol {
        "HTTP/1.0" => Ok(Version::HTTP_10),
        "HTTP/1.1" => Ok(Version::HTTP_11),
        "HTTP/2.0" => Ok(Version::HTTP_2),
        "HTTP/3.0" => Ok(Version::HTTP_3),
        _ => Err(format!(
            "the server-protocol is {protocol:?}: expected what the host gave, as HTTP/1.1"
        )),
    }
}

/// The target in origin form, or `*`.
fn target(script_name: &str, path_info: &str, query: Option<&str>) -> Result<Uri, String> {
    let is_mount =
        script_name.is_empty() || script_name.starts_with('/') && !script_name.ends_with('/');
    let is_rest = path_info.is_empty()
        || path_info.starts_with('/')
        || path_info == "*" && script_name.is_empty();
    if !is_mount || !is_rest {
        return Err(format!(
            "the script-name is {script_name:?} and the path-info {path_info:?}: expected each to \
             be empty or to start with `/`, and the first not to end with it"
        ));
    }
    let mut text = format!("{script_name}{path_info}");
    if text.is_empty() {
        text.push('/');
    }
    let path_length = text.len();
    if let Some(query) = query {
        text.push('?');
        text.push_str(query);
    }
    // A `#` ends what is read, and a `?` the path.
    let is_whole =
        |target: &PathAndQuery| target.path() == &text[..path_length] && target.query() == query;
    match text.parse::<PathAndQuery>() {
        Ok(target) if is_whole(&target) => Ok(Uri::from(target)),
        _ => Err(format!(
            "script-name, path-info and query-string make {text:?}: expected a path and a query, \
             percent-encoded"
        )),
    }
}

fn headers(fields: Vec<Field>) -> Result<HeaderMap, String> {
    let bytes: usize = fields
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    // Limit: FIELDS_MAX, FIELD_BYTES_MAX
    if fields.len() > FIELDS_MAX || bytes > FIELD_BYTES_MAX {
        return Err(format!(
            "there are {} fields with {bytes} bytes: expected at most {FIELDS_MAX} and \
             {FIELD_BYTES_MAX}",
            fields.len()
        ));
    }
    let mut headers = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields {
        let checked = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("a field is named {name:?}: expected a token"))?;
        let value = HeaderValue::from_maybe_shared(bytes::Bytes::from(value))
            .map_err(|_| format!("a value of {name:?} has a control character: expected none"))?;
        headers.append(checked, value);
    }
    check_length(&headers)?;
    Ok(headers)
}

/// Fails if what the fields declare is no length, or several.
fn check_length(headers: &HeaderMap) -> Result<(), String> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let Some(first) = values.next() else {
        return Ok(());
    };
    let is_number = first.as_bytes().iter().all(u8::is_ascii_digit) && !first.is_empty();
    if is_number && values.all(|value| value == first) {
        Ok(())
    } else {
        Err("the values of content-length are not one number: expected that, or none".to_owned())
    }
}

#[cfg(test)]
mod tests;
