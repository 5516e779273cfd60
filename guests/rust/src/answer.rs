//! One call of the application: a request in, the contract's response out.
//!
//! Owns the path between the generated types and the SDK's. It checks what the SDK can name
//! better than the host can, and leaves all other checks to the host.

use crate::bindings::exports::wasgi::gateway::app;
use crate::bindings::wasgi::gateway::types;
use crate::wrapped::Handle;
use crate::{Environ, Error, Input, Next, Request, Response};

/// What an application's function may return: a [`Response`], an [`http::Response`], or a `Result`
/// with one of them and any error that [`Error`] takes.
///
/// ```
/// use wasgi_guest::{IntoResult, Request, Response, http};
///
/// fn plain(_: Request) -> Response {
///     Response::text("plain")
/// }
///
/// fn fallible(request: Request) -> Result<Response, std::num::ParseIntError> {
///     let n: u64 = request.query().unwrap_or_default().parse()?;
///     Ok(Response::text(n.to_string()))
/// }
///
/// fn typed(_: Request) -> Result<http::Response<String>, http::Error> {
///     http::Response::builder().status(201).body("made".to_owned())
/// }
///
/// fn accepts<R: IntoResult>(_: fn(Request) -> R) {}
/// accepts(plain);
/// accepts(fallible);
/// accepts(typed);
/// ```
pub trait IntoResult {
    /// The response, or why there is none.
    ///
    /// # Errors
    /// If the application failed.
    fn into_result(self) -> Result<Response, Error>;
}

impl IntoResult for Response {
    fn into_result(self) -> Result<Response, Error> {
        Ok(self)
    }
}

impl<B: Into<crate::Body>> IntoResult for http::Response<B> {
    fn into_result(self) -> Result<Response, Error> {
        Ok(self.into())
    }
}

impl<R: Into<Response>, E: Into<Error>> IntoResult for Result<R, E> {
    fn into_result(self) -> Result<Response, Error> {
        match self {
            Ok(response) => Ok(response.into()),
            Err(error) => Err(error.into()),
        }
    }
}

/// What the contract's `handle` returns.
#[doc(hidden)]
pub type Answer = Result<app::Response, String>;

/// Call an application's function as the contract's `handle`.
#[doc(hidden)]
pub fn answer<R: IntoResult>(
    environ: Environ,
    input: types::Input,
    handler: impl FnOnce(Request) -> R,
) -> Answer {
    handler(Request::new(environ, Input::new(input)))
        .into_result()
        .and_then(Response::into_contract)
        .map_err(Error::into_text)
}

/// Call a middleware's function as the contract's `handle`, with the imported one.
#[doc(hidden)]
pub fn wrap<R: IntoResult>(
    environ: Environ,
    input: types::Input,
    handle: Handle,
    handler: impl FnOnce(Request, Next) -> R,
) -> Answer {
    answer(environ, input, |request| {
        handler(request, Next::new(handle))
    })
}
