//! The body of a request, read as it comes.
//!
//! Owns the bytes of one chunk at most: what an application wants to keep it must bound itself,
//! as [`Input::read_all`] does.

use std::fmt;
use std::io::{self, BufRead, Read};

use crate::bindings::wasgi::gateway::types;
use crate::{Error, Field, Response};

/// The most that one chunk holds. The host may return less.
const CHUNK_BYTES_MAX: u32 = 64 * 1024;

/// The body of a request: an iterator over its chunks, and a [`BufRead`].
///
/// Nothing is read ahead. A body that is not read costs nothing, and one that is read chunk by
/// chunk may be of any size.
///
/// ```
/// use wasgi_guest::{Request, Response, Result};
///
/// fn handle(request: Request) -> Result<Response> {
///     let mut bytes: usize = 0;
///     for chunk in request.into_body() {
///         bytes += chunk?.len();
///     }
///     Ok(Response::text(format!("{bytes} bytes\n")))
/// }
/// # wasgi_guest::export!(handle);
/// ```
#[derive(Debug)]
pub struct Input {
    source: types::Input,
    /// The last chunk that [`BufRead`] took from the host, and how much of it has been consumed.
    chunk: Vec<u8>,
    consumed: usize,
}

impl Input {
    pub(crate) fn new(source: types::Input) -> Self {
        Self {
            source,
            chunk: Vec::new(),
            consumed: 0,
        }
    }

    /// Wait for the next chunk. It is empty at the end of the body, and only there.
    ///
    /// # Errors
    /// As [`InputError`] says.
    pub fn read_chunk(&mut self) -> Result<Vec<u8>, InputError> {
        self.read_at_most(CHUNK_BYTES_MAX)
    }

    /// Wait for the next chunk, of `max` bytes at most, and leave the rest where it is: what a
    /// middleware has not read so goes to what it wraps. The chunk is empty at the end of the
    /// body, and if `max` is 0.
    ///
    /// # Errors
    /// As [`InputError`] says.
    ///
    /// ```
    /// use wasgi_guest::{Next, Request, Response, Result};
    ///
    /// /// Refuse bodies that begin as a program does.
    /// fn handle(mut request: Request, next: Next) -> Result<Response> {
    ///     match request.body().read_at_most(1)?.as_slice() {
    ///         b"\x7f" => Ok(Response::text("no programs, please\n").status(415)),
    ///         _ => next.call(request), // without the byte
    ///     }
    /// }
    /// # wasgi_guest::middleware!(handle);
    /// ```
    pub fn read_at_most(&mut self, max: u32) -> Result<Vec<u8>, InputError> {
        let ahead = &self.chunk[self.consumed..];
        if ahead.is_empty() {
            (self.chunk, self.consumed) = (Vec::new(), 0);
            return Ok(self.source.read(max)?);
        }
        let length = usize::try_from(max).map_or(ahead.len(), |max| max.min(ahead.len()));
        let chunk = ahead[..length].to_vec();
        self.consumed += length;
        Ok(chunk)
    }

    /// Read the rest of the body, `max` bytes at most.
    ///
    /// # Errors
    /// [`InputError::TooLarge`] if there is more, and otherwise as [`InputError`] says.
    ///
    /// ```
    /// use wasgi_guest::{Request, Response};
    ///
    /// fn handle(mut request: Request) -> Response {
    ///     match request.body().read_all(64 * 1024) {
    ///         Ok(bytes) => Response::new(200).body(bytes),
    ///         Err(error) => error.into(), // 413, 408 or 400
    ///     }
    /// }
    /// # wasgi_guest::export!(handle);
    /// ```
    pub fn read_all(&mut self, max: usize) -> Result<Vec<u8>, InputError> {
        let mut all = Vec::new();
        for chunk in self {
            let mut chunk = chunk?;
            if chunk.len() > max - all.len() {
                return Err(InputError::TooLarge);
            }
            match all.is_empty() {
                true => all = chunk,
                false => all.append(&mut chunk),
            }
        }
        Ok(all)
    }

    /// Read and discard what is left of the body, and return the trailer fields that followed it.
    ///
    /// # Errors
    /// As [`InputError`] says.
    pub fn trailers(&mut self) -> Result<Vec<Field>, InputError> {
        self.chunk = Vec::new();
        self.consumed = 0;
        Ok(self.source.trailers()?)
    }
}

impl Input {
    /// The contract's input, unless bytes of it are here that would be lost.
    pub(crate) fn into_contract(self) -> Result<types::Input, Error> {
        match self.chunk.len() - self.consumed {
            0 => Ok(self.source),
            ahead => Err(format!(
                "the request's body cannot be handed on: {ahead} bytes of it were read ahead \
                 and not consumed; `read_at_most` reads no more than it is asked for"
            )
            .into()),
        }
    }
}

impl Iterator for Input {
    type Item = Result<Vec<u8>, InputError>;

    /// The next chunk, which is never empty.
    fn next(&mut self) -> Option<Self::Item> {
        match self.read_chunk() {
            Ok(chunk) if chunk.is_empty() => None,
            read => Some(read),
        }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.consumed == self.chunk.len() {
            self.chunk = self.read_chunk()?;
        }
        Ok(&self.chunk[self.consumed..])
    }

    fn consume(&mut self, amount: usize) {
        self.consumed = self.chunk.len().min(self.consumed + amount);
    }
}

/// Why an input could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputError {
    /// The body is larger than the host or the application takes.
    TooLarge,
    /// The client sent nothing for longer than the host waits.
    TimedOut,
    /// The connection ended before the body did, or the request is over.
    Closed,
    /// Anything else. The text is for people.
    Other(String),
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the request's body is too large",
            Self::TimedOut => "the client stopped sending the request's body",
            Self::Closed => "the request's body broke off",
            Self::Other(text) => text,
        })
    }
}

impl std::error::Error for InputError {}

impl From<types::InputError> for InputError {
    fn from(error: types::InputError) -> Self {
        match error {
            types::InputError::TooLarge => Self::TooLarge,
            types::InputError::TimedOut => Self::TimedOut,
            types::InputError::Closed => Self::Closed,
            types::InputError::Other(text) => Self::Other(text),
        }
    }
}

impl From<InputError> for io::Error {
    fn from(error: InputError) -> Self {
        let kind = match error {
            InputError::TooLarge => io::ErrorKind::FileTooLarge,
            InputError::TimedOut => io::ErrorKind::TimedOut,
            InputError::Closed => io::ErrorKind::UnexpectedEof,
            InputError::Other(_) => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// What tells the client of its mistake: 413, 408, or 400.
impl From<InputError> for Response {
    fn from(error: InputError) -> Self {
        let status = match error {
            InputError::TooLarge => 413,
            InputError::TimedOut => 408,
            InputError::Closed | InputError::Other(_) => 400,
        };
        Self::text(format!("{error}\n")).status(status)
    }
}
