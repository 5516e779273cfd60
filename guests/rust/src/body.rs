//! The body of a response: nothing, bytes, or chunks that are made as the client takes them.
//!
//! Owns the chunk iterator's life: the host pulls it, and drops it when it wants no more of it.

use std::cell::{Cell, RefCell};
use std::fmt;

use crate::bindings::exports::wasgi::gateway::app;
use crate::{Error, Field, Input};

/// The body of a [`Response`](crate::Response).
///
/// Text and bytes become one whole with a `content-length`; [`Body::chunks`] is streamed:
///
/// ```
/// use wasgi_guest::{Body, Request, Response};
///
/// fn handle(_: Request) -> Response {
///     let lines = (1..=1_000_000).map(|i| Ok::<_, std::io::Error>(format!("line {i}\n")));
///     Response::new(200).body(Body::chunks(lines))
/// }
/// # wasgi_guest::export!(handle);
/// ```
#[derive(Default)]
pub struct Body(Kind);

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Bytes(Vec<u8>),
    Chunks(ChunkIter),
}

type ChunkIter = Box<dyn Iterator<Item = Result<Vec<u8>, Error>>>;

pub(crate) type MakeTrailers = Box<dyn FnOnce() -> Vec<Field>>;

impl Body {
    /// A body that is pulled chunk by chunk: the host asks for the next chunk when the client can
    /// take it, so that one chunk is held at a time however long the body is.
    ///
    /// An error breaks the response off in a way that the client can see. The iterator is dropped
    /// when the body has ended, or when the client has left and there is time for it.
    pub fn chunks<I, C, E>(chunks: I) -> Self
    where
        I: IntoIterator<Item = Result<C, E>>,
        I::IntoIter: 'static,
        C: Into<Vec<u8>>,
        E: Into<Error>,
    {
        let chunks = chunks
            .into_iter()
            .map(|chunk| chunk.map(Into::into).map_err(Into::into));
        Self(Kind::Chunks(Box::new(chunks)))
    }

    fn into_chunks(self) -> ChunkIter {
        match self.0 {
            Kind::Empty => Box::new(std::iter::empty()),
            Kind::Bytes(bytes) if bytes.is_empty() => Box::new(std::iter::empty()),
            Kind::Bytes(bytes) => Box::new(std::iter::once(Ok(bytes))),
            Kind::Chunks(chunks) => chunks,
        }
    }

    pub(crate) fn into_content(self, trailers: Option<MakeTrailers>) -> app::Content {
        let chunks = match (self.0, &trailers) {
            (Kind::Empty, None) => return app::Content::Empty,
            (Kind::Bytes(bytes), None) => return app::Content::Bytes(bytes),
            (kind, _) => Self(kind).into_chunks(),
        };
        app::Content::Chunks(app::Body::new(Chunks {
            chunks: RefCell::new(chunks),
            trailers: Cell::new(trailers),
        }))
    }
}

/// The chunks, each made when it is asked for. What is one whole is one chunk.
///
/// ```
/// use wasgi_guest::Body;
///
/// let mut bytes = 0;
/// for chunk in Body::from("hello") {
///     bytes += chunk?.len();
/// }
/// assert_eq!(bytes, 5);
/// # Ok::<(), wasgi_guest::Error>(())
/// ```
impl IntoIterator for Body {
    type Item = Result<Vec<u8>, Error>;
    type IntoIter = ChunkIter;

    fn into_iter(self) -> ChunkIter {
        self.into_chunks()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Empty => f.write_str("Body::Empty"),
            Kind::Bytes(bytes) => write!(f, "Body::Bytes({} bytes)", bytes.len()),
            Kind::Chunks(_) => f.write_str("Body::Chunks"),
        }
    }
}

impl From<()> for Body {
    fn from((): ()) -> Self {
        Self::default()
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Kind::Bytes(bytes))
    }
}

impl From<&[u8]> for Body {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

/// The request's body sent back as it comes.
impl From<Input> for Body {
    fn from(input: Input) -> Self {
        Self::chunks(input)
    }
}

/// The contract's `body` resource. The host calls its methods one after another.
#[doc(hidden)]
pub struct Chunks {
    chunks: RefCell<ChunkIter>,
    trailers: Cell<Option<MakeTrailers>>,
}

impl app::GuestBody for Chunks {
    fn next(&self) -> Result<Option<Vec<u8>>, String> {
        self.chunks
            .borrow_mut()
            .next()
            .transpose()
            .map_err(Error::into_text)
    }

    fn trailers(&self) -> Vec<Field> {
        self.trailers
            .take()
            .map_or_else(Vec::new, |trailers| trailers())
    }
}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chunks")
    }
}
