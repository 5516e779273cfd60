//! What a middleware wraps: the application behind it.
//!
//! Owns the way there, from the SDK's request to the contract's, and the way back: the inner body,
//! which is pulled as the outer one is, and dropped when it is over or nobody wants it.
//! Only what `middleware!` writes makes a [`Next`], with the import that it calls.

use std::cell::Cell;
use std::rc::Rc;

use crate::wrapped::{self, Content, Handle};
use crate::{Body, Error, Field, Request, Response, Result};

/// The application that a middleware wraps.
///
/// ```
/// use wasgi_guest::{Next, Request, Response, Result};
///
/// fn handle(request: Request, next: Next) -> Result<Response> {
///     if request.path().starts_with("/private") {
///         return Ok(Response::text("not for you\n").status(403));
///     }
///     Ok(next.call(request)?.set_header("x-frame-options", "deny"))
/// }
///
/// wasgi_guest::middleware!(handle);
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Next(Handle);

impl Next {
    pub(crate) fn new(handle: Handle) -> Self {
        Self(handle)
    }

    /// Answer the request with the wrapped application.
    ///
    /// The request goes there as it stands, with what is left of its body. The response's body is
    /// not read ahead: each chunk is made when it is asked for. Dropping it ends the application.
    ///
    /// # Errors
    /// With a text for the log: if the wrapped application failed, if a header field of the request
    /// is not valid, and if bytes of the body were read ahead, as [`Read`](std::io::Read) and
    /// [`BufRead`](std::io::BufRead) do, and not consumed.
    ///
    /// `?` hands the error on to the host, which then answers as it would have done without the
    /// middleware.
    pub fn call(self, request: Request) -> Result<Response> {
        let (environ, input) = request.into_contract()?;
        let inner = (self.0)(&environ, input)?;
        let (body, trailers) = match inner.content {
            Content::Empty => (Body::default(), None),
            Content::Bytes(bytes) => (bytes.into(), None),
            Content::Chunks(body) => {
                let announces = inner
                    .headers
                    .iter()
                    .any(|(name, _)| name.eq_ignore_ascii_case("trailer"));
                let trailers = announces.then(Rc::<Cell<Vec<Field>>>::default);
                let chunks = InnerBody {
                    body: Some(body),
                    trailers: trailers.clone(),
                };
                (Body::chunks(chunks), trailers)
            }
        };
        Ok(Response::from_parts(
            inner.status,
            inner.headers,
            body,
            trailers
                .map(|trailers| -> Box<dyn FnOnce() -> _> { Box::new(move || trailers.take()) }),
        ))
    }
}

/// The wrapped application's body. It is dropped at its end, and not asked again.
struct InnerBody {
    body: Option<Box<dyn wrapped::Body>>,
    /// Where the trailers go at the end, if some were announced.
    trailers: Option<Rc<Cell<Vec<Field>>>>,
}

impl Iterator for InnerBody {
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let body = self.body.take()?;
        match body.next() {
            Ok(Some(chunk)) => {
                self.body = Some(body);
                Some(Ok(chunk))
            }
            Ok(None) => {
                if let Some(trailers) = &self.trailers {
                    trailers.set(body.trailers());
                }
                None
            }
            Err(text) => Some(Err(text.into())),
        }
    }
}
