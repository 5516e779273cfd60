//! A component on its way to a host, and how far it is.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::table::escape;

/// Bytes that are read at one time.
const CHUNK_BYTES: usize = 64 * 1024;

/// A file as the body of a request.
#[derive(Debug)]
pub(super) struct Upload {
    file: File,
    /// Bytes of it that are not sent yet.
    left: u64,
    /// None: nobody watches.
    progress: Option<Progress>,
}

/// What a person sees meanwhile.
#[derive(Debug)]
struct Progress {
    name: String,
    bytes: u64,
    /// What was told last.
    percent: Option<u64>,
}

impl Upload {
    /// A file of this length. If standard error is a terminal, that shows how far it is.
    pub(super) fn new(file: File, bytes: u64, path: &Path) -> Self {
        let progress = Progress {
            name: escape(&path.display().to_string()),
            bytes,
            percent: None,
        };
        Self {
            file,
            left: bytes,
            progress: io::stderr().is_terminal().then_some(progress),
        }
    }

    /// Reads the next piece. That blocks, and a program that does nothing else may.
    fn next(&mut self) -> io::Result<Bytes> {
        let most = usize::try_from(self.left).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
        let mut chunk = vec![0; most];
        self.file
            .read_exact(&mut chunk)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => {
                    io::Error::other("the file became shorter meanwhile")
                }
                _ => error,
            })?;
        self.left -= chunk.len() as u64;
        if let Some(progress) = &mut self.progress {
            progress.tell(self.left);
        }
        Ok(chunk.into())
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(self.next().map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl Progress {
    fn tell(&mut self, left: u64) {
        let percent = (self.bytes - left) * 100 / self.bytes.max(1);
        if self.percent == Some(percent) {
            return;
        }
        self.percent = Some(percent);
        let name = &self.name;
        let line = if left == 0 {
            format!("\rsent {name}, and the host loads it\n")
        } else {
            format!("\rsending {name}: {percent} %")
        };
        // If standard error is closed, the release still comes.
        io::stderr().write_all(line.as_bytes()).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn upload(bytes: &[u8], length: u64) -> Upload {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        Upload::new(file.reopen().unwrap(), length, file.path())
    }

    #[tokio::test]
    async fn a_file_is_sent_as_it_is() {
        for length in [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES] {
            let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
            let upload = upload(&bytes, length as u64);
            assert_eq!(upload.size_hint().exact(), Some(length as u64));
            assert_eq!(upload.collect().await.unwrap().to_bytes(), bytes);
        }
    }

    #[tokio::test]
    async fn a_file_that_shrinks_is_not_sent_as_a_whole() {
        let error = upload(b"short", 6).collect().await.unwrap_err();
        assert!(error.to_string().contains("shorter"), "{error}");
    }
}
