//! The response that an application builds.
//!
//! Owns the head and the body until the host has them. A mistake in it never panics: it is kept,
//! and fails the request with a text that names it.

use crate::bindings::exports::wasgi::gateway::app;
use crate::body::MakeTrailers;
use crate::{Body, Error, Field};

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
        match field(name.as_ref(), value.as_ref()) {
            Ok(field) => self.headers.push(field),
            Err(mistake) => self.mistake = self.mistake.or(Some(mistake)),
        }
        self
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

    /// Announce trailer fields of these names, and make them when the body has ended.
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
        response.trailers = Some(Trailers(Box::new(move || {
            let fields = values().into_iter();
            fields
                .map(|(k, v)| (k.as_ref().to_ascii_lowercase(), v.as_ref().to_vec()))
                .collect()
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

/// The field as the contract wants it, or the text that says what is wrong with it.
fn field(name: &str, value: &[u8]) -> Result<Field, String> {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(format!(
            "the name of the header field {name:?} is not a token"
        ));
    }
    if value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return Err(format!(
            "the value of the header field `{name}` has a line break or a NUL"
        ));
    }
    Ok((name.to_ascii_lowercase(), value.to_vec()))
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
    use super::Response;

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
