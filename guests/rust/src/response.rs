//! The response that an application builds, and that a middleware changes.
//!
//! Owns the head and the body until the host has them. A mistake in it never panics: it is kept,
//! and fails the request with a text that names it.

use crate::bindings::exports::wasgi::gateway::app;
use crate::body::MakeTrailers;
use crate::{Body, Error, Field, fields};

/// A response.
///
/// ```
/// use wasgi_guest::{Request, Response};
///
/// fn handle(_: Request) -> Response {
///     Response::new(201)
///         .header("content-type", "application/json")
///         .header("set-cookie", "seen=1; HttpOnly")
///         .body(r#"{"made": true}"#)
/// }
/// # wasgi_guest::export!(handle);
/// ```
///
/// A header field that HTTP does not allow (a name that is not a token, a value with a line break)
/// fails the request: the client gets 502 and the log says which field it was.
#[derive(Debug)]
pub struct Response {
    status: u16,
    headers: Vec<Field>,
    body: Body,
    trailers: Option<Trailers>,
    /// The first field that is not valid, as a text for the log.
    mistake: Option<String>,
}

struct Trailers(MakeTrailers);

impl Response {
    /// A response with this status code, without fields and without a body.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::default(),
            trailers: None,
            mistake: None,
        }
    }

    pub(crate) fn from_parts(
        status: u16,
        headers: Vec<Field>,
        body: Body,
        trailers: Option<MakeTrailers>,
    ) -> Self {
        Self {
            status,
            headers,
            body,
            trailers: trailers.map(Trailers),
            mistake: None,
        }
    }

    /// A 200 response of plain text in UTF-8.
    pub fn text(text: impl Into<Body>) -> Self {
        Self::new(200)
            .header("content-type", "text/plain; charset=utf-8")
            .body(text)
    }

    /// A 200 response of HTML in UTF-8. Escaping what goes into it is the application's part.
    pub fn html(html: impl Into<Body>) -> Self {
        Self::new(200)
            .header("content-type", "text/html; charset=utf-8")
            .body(html)
    }

    /// Set the status code, from 200 to 599.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Add a header field. Earlier ones of the same name stay, as `set-cookie` needs it. The names
    /// and values of the [`http`] crate fit, and so do strings.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        match fields::field(name.as_ref(), value.as_ref()) {
            Ok(field) => self.headers.push(field),
            Err(mistake) => self.mistake = self.mistake.or(Some(mistake)),
        }
        self
    }

    /// Set a header field in place of all that had this name, in any case.
    #[must_use]
    pub fn set_header(self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.remove_header(name.as_ref()).header(name, value)
    }

    /// Remove all header fields of this name, in any case.
    #[must_use]
    pub fn remove_header(mut self, name: impl AsRef<str>) -> Self {
        fields::remove(&mut self.headers, name.as_ref());
        self
    }

    /// The status code.
    pub fn status_code(&self) -> u16 {
        self.status
    }

    /// The header fields, their names in lower case.
    pub fn fields(&self) -> &[Field] {
        &self.headers
    }

    /// The first header field of this name, if it is there and is text. `name` in lower case.
    pub fn field(&self, name: &str) -> Option<&str> {
        fields::text(&self.headers, name)
    }

    /// Take the body out, to read it, and leave none.
    pub fn take_body(&mut self) -> Body {
        std::mem::take(&mut self.body)
    }

    /// Change the body into another one, in a middleware. The trailers stay, and `content-length`
    /// and `etag` go: they were the old one's.
    ///
    /// ```
    /// use wasgi_guest::{Body, Next, Request, Response, Result};
    ///
    /// fn handle(request: Request, next: Next) -> Result<Response> {
    ///     let shout = |chunk: Vec<u8>| chunk.to_ascii_uppercase();
    ///     let response = next.call(request)?;
    ///     Ok(response.map_body(|body| Body::chunks(body.into_iter().map(move |c| c.map(shout)))))
    /// }
    /// # wasgi_guest::middleware!(handle);
    /// ```
    ///
    /// Chunk by chunk, as here, it holds one chunk at a time. A body in a `content-encoding` is
    /// compressed, and best left as it is.
    #[must_use]
    pub fn map_body<B: Into<Body>>(mut self, change: impl FnOnce(Body) -> B) -> Self {
        self.body = change(self.take_body()).into();
        self.remove_header("content-length").remove_header("etag")
    }

    /// Set the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// Set a body that is pulled chunk by chunk, as [`Body::chunks`] says.
    #[must_use]
    pub fn chunks<I, C, E>(self, chunks: I) -> Self
    where
        I: IntoIterator<Item = Result<C, E>>,
        I::IntoIter: 'static,
        C: Into<Vec<u8>>,
        E: Into<Error>,
    {
        self.body(Body::chunks(chunks))
    }

    /// Announce trailer fields of these names, and make them when the body has ended. Those that
    /// were announced before stay.
    ///
    /// They reach only clients that ask for trailers, so they must not carry what matters.
    ///
    /// ```
    /// use std::{cell::Cell, convert::Infallible, rc::Rc};
    /// use wasgi_guest::{Request, Response};
    ///
    /// fn handle(_: Request) -> Response {
    ///     let sum = Rc::new(Cell::new(0));
    ///     let sum_after = Rc::clone(&sum);
    ///     let chunks = (1..=9u8).map(move |i| {
    ///         sum.set(sum.get() + u32::from(i));
    ///         Ok::<_, Infallible>(vec![i])
    ///     });
    ///     Response::new(200)
    ///         .chunks(chunks)
    ///         .trailers(["x-sum"], move || [("x-sum", sum_after.get().to_string())])
    /// }
    /// # wasgi_guest::export!(handle);
    /// ```
    #[must_use]
    pub fn trailers<N, F, I, K, V>(self, names: N, values: F) -> Self
    where
        N: IntoIterator<Item: AsRef<str>>,
        F: FnOnce() -> I + 'static,
        I: IntoIterator<Item = (K, V)>,
        K: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let mut response = self;
        for name in names {
            response = response.header("trailer", name.as_ref());
        }
        let earlier = response.trailers.take();
        response.trailers = Some(Trailers(Box::new(move || {
            let mut fields = earlier.map_or_else(Vec::new, |earlier| (earlier.0)());
            fields.extend(
                values()
                    .into_iter()
                    .map(|(k, v)| (k.as_ref().to_ascii_lowercase(), v.as_ref().to_vec())),
            );
            fields
        })));
        response
    }

    pub(crate) fn into_contract(self) -> Result<app::Response, Error> {
        if let Some(mistake) = self.mistake {
            return Err(mistake.into());
        }
        Ok(app::Response {
            status: self.status,
            headers: self.headers,
            content: self
                .body
                .into_content(self.trailers.map(|trailers| trailers.0)),
        })
    }
}

impl<B: Into<Body>> From<http::Response<B>> for Response {
    fn from(response: http::Response<B>) -> Self {
        let (head, body) = response.into_parts();
        let fields = head.headers.iter();
        Self {
            headers: fields
                .map(|(k, v)| (k.as_str().to_owned(), v.as_bytes().to_vec()))
                .collect(),
            ..Self::new(head.status.as_u16())
        }
        .body(body)
    }
}

/// A 200 response of plain text.
impl From<String> for Response {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

/// A 200 response of plain text.
impl From<&str> for Response {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl std::fmt::Debug for Trailers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Trailers")
    }
}

#[cfg(test)]
mod tests {
    use super::{Response, Trailers};
    use crate::Body;

    fn mistake(response: Response) -> String {
        match response.into_contract() {
            Ok(_) => panic!("the mistake went unseen"),
            Err(error) => error.text().to_owned(),
        }
    }

    #[test]
    fn keeps_repeated_fields_and_lowers_names() {
        let response = Response::new(200)
            .header("Set-Cookie", "a=1")
            .header("set-cookie", "b=2");
        let response = response.into_contract().expect("valid");
        assert_eq!(
            response.headers,
            [
                ("set-cookie".to_owned(), b"a=1".to_vec()),
                ("set-cookie".to_owned(), b"b=2".to_vec())
            ]
        );
    }

    #[test]
    fn names_the_field_that_is_not_valid() {
        let split = Response::text("x").header("location", "/\r\nset-cookie: a=1");
        assert_eq!(
            mistake(split),
            "the value of the header field `location` has a line break or a NUL"
        );
        let spaced = Response::text("x")
            .header("two words", "x")
            .header("fine", "x");
        assert_eq!(
            mistake(spaced),
            "the name of the header field \"two words\" is not a token"
        );
    }

    #[test]
    fn replaces_a_field_in_any_case() {
        let response = Response::new(200)
            .header("x-a", "1")
            .header("x-b", "2")
            .header("x-a", "3")
            .set_header("X-A", "4")
            .remove_header("X-B");
        assert_eq!(response.fields(), [("x-a".to_owned(), b"4".to_vec())]);
        assert_eq!(
            (response.field("x-a"), response.field("x-b")),
            (Some("4"), None)
        );
    }

    #[test]
    fn a_changed_body_loses_what_described_the_old_one() {
        let response = Response::text("hello")
            .header("content-length", "5")
            .header("etag", "\"a\"")
            .trailers(["x-one"], || [("x-one", "1")])
            .map_body(|body| {
                Body::chunks(body.into_iter().map(|c| c.map(|c| c.to_ascii_uppercase())))
            })
            .trailers(["x-two"], || [("x-two", "2")]);
        assert_eq!(
            (response.field("content-length"), response.field("etag")),
            (None, None)
        );
        let Trailers(trailers) = response.trailers.expect("announced");
        let names: Vec<_> = trailers().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["x-one", "x-two"]);
        let body: Result<Vec<_>, _> = response.body.into_iter().collect();
        assert_eq!(body.expect("no chunk fails"), [b"HELLO"]);
    }

    #[test]
    fn takes_a_response_of_the_http_crate() {
        let typed = http::Response::builder()
            .status(404)
            .header("x-a", "b")
            .body("gone");
        let response = Response::from(typed.expect("valid"))
            .into_contract()
            .expect("valid");
        assert_eq!((response.status, response.headers.len()), (404, 1));
    }
}
