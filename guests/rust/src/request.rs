//! The request as an application sees it.
//!
//! Owns the environ and the input. Everything that costs something to make (the header map, the
//! URI) is made when it is asked for: most applications ask for little.

use std::cell::OnceCell;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};

use crate::bindings::wasgi::gateway::types;
use crate::{Environ, Error, Input, fields};

/// A request: its environ and its body.
///
/// ```
/// use wasgi_guest::{Request, Response, http::Method};
///
/// fn handle(request: Request) -> Response {
///     match (request.method(), request.path()) {
///         (&Method::GET, "/") => Response::text("hello\n"),
///         (_, "/") => Response::text("GET only\n").status(405).header("allow", "GET"),
///         _ => Response::text("nothing here\n").status(404),
///     }
/// }
/// # wasgi_guest::export!(handle);
/// ```
#[derive(Debug)]
pub struct Request {
    environ: Environ,
    input: Input,
    method: OnceCell<Method>,
    headers: OnceCell<HeaderMap>,
    /// The first field that was set and is not valid, as a text for the log.
    mistake: Option<String>,
}

impl Request {
    pub(crate) fn new(environ: Environ, input: Input) -> Self {
        Self {
            environ,
            input,
            method: OnceCell::new(),
            headers: OnceCell::new(),
            mistake: None,
        }
    }

    /// The method.
    ///
    /// # Panics
    /// If the host breaks the contract and gives something that cannot be a method.
    pub fn method(&self) -> &Method {
        self.method.get_or_init(|| {
            Method::from_bytes(self.environ.request_method.as_bytes())
                .expect("the host gives methods that are tokens")
        })
    }

    /// What to route on: the path below the application's mount, as sent, still percent-encoded.
    pub fn path(&self) -> &str {
        &self.environ.path_info
    }

    /// The application's mount: the part of the path before [`path`](Self::path). Empty, or it
    /// starts with `/` and does not end with one. Links to the application's own pages start with
    /// it.
    pub fn script_name(&self) -> &str {
        &self.environ.script_name
    }

    /// What follows the first `?`, as sent, still percent-encoded; none without a `?`.
    pub fn query(&self) -> Option<&str> {
        self.environ.query_string.as_deref()
    }

    /// The whole URI, as the client named it: scheme, host, mount, path and query.
    ///
    /// # Errors
    /// If the client's host name or target (as in `OPTIONS *`) does not make a URI of that form.
    pub fn uri(&self) -> Result<Uri, http::Error> {
        let environ = &self.environ;
        let mut path = format!("{}{}", environ.script_name, environ.path_info);
        if path.is_empty() {
            path.push('/');
        }
        if let Some(query) = &environ.query_string {
            path.push('?');
            path.push_str(query);
        }
        let usual = matches!(
            (environ.url_scheme.as_str(), environ.server_port),
            ("http", 80) | ("https", 443)
        );
        let authority = if usual {
            Authority::try_from(environ.server_name.as_str())
        } else {
            Authority::try_from(format!("{}:{}", environ.server_name, environ.server_port))
        };
        Uri::builder()
            .scheme(Scheme::try_from(environ.url_scheme.as_str())?)
            .authority(authority?)
            .path_and_query(PathAndQuery::try_from(path)?)
            .build()
    }

    /// The first header field of this name, if it is there and is text. `name` in lower case.
    ///
    /// It looks through the fields as they came, so it costs less than [`headers`](Self::headers)
    /// for a few names.
    pub fn header(&self, name: &str) -> Option<&str> {
        fields::text(&self.environ.headers, name)
    }

    /// All header fields. The map is made when this is first called.
    pub fn headers(&self) -> &HeaderMap {
        self.headers.get_or_init(|| header_map(&self.environ))
    }

    /// Everything that the host says of the request: the client's address, the TLS session, the
    /// request's id, the fields as they came, and so on.
    pub fn environ(&self) -> &Environ {
        &self.environ
    }

    /// The environ, to change what a middleware hands on: the path, the client, the fields.
    ///
    /// ```
    /// use wasgi_guest::{Next, Peer, Request, Response, Result};
    ///
    /// fn handle(mut request: Request, next: Next) -> Result<Response> {
    ///     let environ = request.environ_mut();
    ///     environ.path_info = format!("/v2{}", environ.path_info);
    ///     environ.remote = Some(Peer { address: "192.0.2.1".to_owned(), port: 0 });
    ///     next.call(request)
    /// }
    /// # wasgi_guest::middleware!(handle);
    /// ```
    pub fn environ_mut(&mut self) -> &mut Environ {
        self.method = OnceCell::new();
        self.headers = OnceCell::new();
        &mut self.environ
    }

    /// Set a header field in place of all that had this name, in any case.
    ///
    /// [`Next::call`](crate::Next::call) fails if HTTP does not allow the field.
    pub fn set_header(&mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) {
        let name = name.as_ref();
        self.remove_header(name);
        match fields::field(name, value.as_ref()) {
            Ok(field) => self.environ.headers.push(field),
            Err(mistake) => self.mistake = self.mistake.take().or(Some(mistake)),
        }
    }

    /// Remove all header fields of this name, in any case.
    pub fn remove_header(&mut self, name: impl AsRef<str>) {
        fields::remove(&mut self.environ_mut().headers, name.as_ref());
    }

    /// Move the first segment of the path to the end of the mount, and return it: what is left is
    /// the path below the longer mount. None, and nothing is moved, if there is no such segment,
    /// or an empty one, which no mount can end with.
    ///
    /// It is `shift_path_info` of Python's `wsgiref`.
    ///
    /// ```
    /// use wasgi_guest::{Next, Request, Response, Result};
    ///
    /// /// What is at `/en/shop` becomes `/shop` for an application in English.
    /// fn handle(mut request: Request, next: Next) -> Result<Response> {
    ///     match request.shift_path() {
    ///         Some(language) => {
    ///             request.set_header("accept-language", language);
    ///             next.call(request)
    ///         }
    ///         None => Ok(Response::text("in which language?\n").status(404)),
    ///     }
    /// }
    /// # wasgi_guest::middleware!(handle);
    /// ```
    pub fn shift_path(&mut self) -> Option<String> {
        let Environ {
            script_name,
            path_info,
            ..
        } = &mut self.environ;
        let (segment, rest) = split_path(path_info)?;
        let (segment, rest) = (segment.to_owned(), rest.to_owned());
        script_name.push('/');
        script_name.push_str(&segment);
        *path_info = rest;
        Some(segment)
    }

    /// The body, read from where the last read ended.
    pub fn body(&mut self) -> &mut Input {
        &mut self.input
    }

    /// The body, for as long as the request lasts: it may move into the response's body.
    pub fn into_body(self) -> Input {
        self.input
    }

    /// The environ and the body.
    pub fn into_parts(self) -> (Environ, Input) {
        (self.environ, self.input)
    }

    /// What the contract hands on, unless it is not what was meant.
    pub(crate) fn into_contract(self) -> Result<(Environ, types::Input), Error> {
        match self.mistake {
            Some(mistake) => Err(mistake.into()),
            None => Ok((self.environ, self.input.into_contract()?)),
        }
    }
}

/// The first segment of a path, and what follows it: nothing, or another path.
fn split_path(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix('/')?;
    let (segment, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    (!segment.is_empty()).then_some((segment, rest))
}

/// The same request in the types of the `http` crate, with the [`Environ`] as an extension.
///
/// ```
/// use wasgi_guest::{Environ, Input, Request, Response, Result, http};
///
/// fn handle(request: Request) -> Result<Response> {
///     let request: http::Request<Input> = request.try_into()?;
///     let id = request.extensions().get::<Environ>().map(|e| e.request_id.clone());
///     Ok(Response::text(format!("{} {id:?}\n", request.uri())))
/// }
/// # wasgi_guest::export!(handle);
/// ```
impl TryFrom<Request> for http::Request<Input> {
    type Error = http::Error;

    fn try_from(request: Request) -> Result<Self, http::Error> {
        let method = request.method().clone();
        let uri = request.uri()?;
        let headers = request
            .headers
            .into_inner()
            .unwrap_or_else(|| header_map(&request.environ));
        let mut typed = Self::new(request.input);
        *typed.method_mut() = method;
        *typed.uri_mut() = uri;
        *typed.version_mut() = match request.environ.server_protocol.as_str() {
            "HTTP/1.0" => Version::HTTP_10,
            "HTTP/2.0" => Version::HTTP_2,
            _ => Version::HTTP_11,
        };
        *typed.headers_mut() = headers;
        typed.extensions_mut().insert(request.environ);
        Ok(typed)
    }
}

/// The fields as a map. The host passes valid fields only; anything else is left out.
fn header_map(environ: &Environ) -> HeaderMap {
    let valid = environ.headers.iter().filter_map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(value).ok()?))
    });
    let mut map = HeaderMap::with_capacity(environ.headers.len());
    for (name, value) in valid {
        map.append(name, value);
    }
    map
}

#[cfg(test)]
mod tests {
    use super::split_path;

    #[test]
    fn a_path_has_a_first_segment() {
        for (path, split) in [
            ("/a", Some(("a", ""))),
            ("/a/", Some(("a", "/"))),
            ("/a%2Fb//c", Some(("a%2Fb", "//c"))),
            ("", None),
            ("/", None),
            ("//a", None),
            ("*", None),
        ] {
            assert_eq!(split_path(path), split, "{path}");
        }
    }
}
