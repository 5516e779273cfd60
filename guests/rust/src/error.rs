//! The error that an application fails with: a text for the host's log.
//!
//! Owns the text only. What a client is to see is a [`Response`](crate::Response), never an error.

use std::fmt;

/// Any error, as the text that the host's log will carry. The client gets 502 without it.
///
/// Whatever has a [`Display`](fmt::Display) becomes one, so `?` works on all usual errors, and on
/// text:
///
/// ```
/// use wasgi_guest::{Error, Request, Response, Result};
///
/// fn handle(request: Request) -> Result<Response> {
///     let name = request.query().ok_or("no name was given")?;
///     let greeting = std::fs::read_to_string("/data/greeting.txt")?;
///     Ok(Response::text(format!("{greeting}, {name}")))
/// }
///
/// assert_eq!(Error::from("no name was given").text(), "no name was given");
/// # wasgi_guest::export!(handle);
/// ```
///
/// For that it implements neither `Display` nor `std::error::Error` itself, as in `anyhow`.
pub struct Error(String);

/// A [`Result`](std::result::Result) whose error is [`Error`] unless said otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

impl<E: fmt::Display> From<E> for Error {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
