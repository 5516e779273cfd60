//! The request as an application sees it.
//!
//! Owns the environ and the input. Everything that costs something to make (the header map, the
//! URI) is made when it is asked for: most applications ask for little.

use std::cell::OnceCell;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};

use crate::{Environ, Input};

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
}

impl Request {
    pub(crate) fn new(environ: Environ, input: Input) -> Self {
        Self {
            environ,
            input,
            method: OnceCell::new(),
            headers: OnceCell::new(),
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
        let (_, value) = self.environ.headers.iter().find(|(n, _)| n == name)?;
        std::str::from_utf8(value).ok()
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
