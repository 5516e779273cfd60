//! A file that may be a component: read once, and named by what is in it.
//!
//! Owns the reading. What the bytes are is found out in `inspect.rs`.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::cache;
use crate::error::LoadError;

/// Bytes of a file that the host is willing to compile.
pub const COMPONENT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The bytes of a file, as they were at one time.
#[derive(Clone)]
pub struct Binary {
    path: PathBuf,
    bytes: Bytes,
    digest: String,
}

impl Binary {
    /// Reads a file.
    ///
    /// Fails if it changes meanwhile: half of a new file and half of an old one is neither.
    pub fn read(path: &Path) -> Result<Self, LoadError> {
        let bytes = read(path).map_err(|error| {
            let name = path.display();
            match error {
                Unreadable::Io(error) => LoadError::new(format!("cannot read {name}: {error}"))
                    .with_hint("check the path; wasgi serves .wasm files and folders of them"),
                Unreadable::NoFile => LoadError::new(format!(
                    "cannot read {name}: it is not a file, but a component was expected"
                ))
                .with_hint("check the path; wasgi serves .wasm files and folders of them"),
                Unreadable::TooLarge(length) => too_large(path, length),
                Unreadable::Changed => {
                    LoadError::new(format!("cannot read {name}: it changed while it was read"))
                        .with_hint(
                            "write the new file beside it, and then rename it over the old one",
                        )
                }
            }
        })?;
        Ok(Self::of(path, bytes.into()))
    }

    /// Takes bytes that are in memory already. The path stands in messages, and is not read.
    pub fn new(path: &Path, bytes: Bytes) -> Result<Self, LoadError> {
        let length = bytes.len() as u64;
        // Limit: COMPONENT_BYTES_MAX
        if length > COMPONENT_BYTES_MAX {
            return Err(too_large(path, length));
        }
        Ok(Self::of(path, bytes))
    }

    fn of(path: &Path, bytes: Bytes) -> Self {
        Self {
            path: path.to_owned(),
            digest: cache::hex(&Sha256::digest(&bytes)),
            bytes,
        }
    }

    /// The file that it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was in the file.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The SHA-256 digest of the bytes, in lower-case hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

impl fmt::Debug for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binary")
            .field("path", &self.path)
            .field("bytes", &self.bytes.len())
            .field("digest", &self.digest)
            .finish()
    }
}

enum Unreadable {
    Io(io::Error),
    NoFile,
    TooLarge(u64),
    Changed,
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Unreadable> {
    // Before it is opened: opening a pipe would wait for somebody to write to it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(Unreadable::NoFile);
    }
    let mut file = File::open(path)?;
    let before = file.metadata()?;
    // Limit: COMPONENT_BYTES_MAX
    if before.len() > COMPONENT_BYTES_MAX {
        return Err(Unreadable::TooLarge(before.len()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(before.len()).unwrap_or_default());
    // One byte more tells a file that grew.
    (&mut file).take(before.len() + 1).read_to_end(&mut bytes)?;
    let after = file.metadata()?;
    if bytes.len() as u64 != before.len() || state(&before) != state(&after) {
        return Err(Unreadable::Changed);
    }
    Ok(bytes)
}

/// What differs once somebody has written to a file.
fn state(file: &Metadata) -> (u64, Option<std::time::SystemTime>) {
    (file.len(), file.modified().ok())
}

fn too_large(path: &Path, length: u64) -> LoadError {
    LoadError::new(format!(
        "cannot use {}: it has {length} bytes, more than the {COMPONENT_BYTES_MAX} that a component \
         may have",
        path.display()
    ))
    .with_hint("strip its debug information, or leave out the data that is built into it")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn the_digest_is_that_of_the_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.wasm");
        std::fs::write(&path, "abc").unwrap();
        let read = Binary::read(&path).unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(read.digest(), expected);
        assert_eq!((read.path(), &read.bytes()[..]), (&*path, &b"abc"[..]));
        let made = Binary::new(&path, Bytes::from_static(b"abc")).unwrap();
        assert_eq!(made.digest(), expected);
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.wasm");
        std::fs::write(&path, vec![0; 32 * 1024 * 1024]).unwrap();
        let stop = AtomicBool::new(false);
        let message = std::thread::scope(|scope| {
            scope.spawn(|| {
                let file = File::options().write(true).open(&path).unwrap();
                let mut time = SystemTime::UNIX_EPOCH;
                while !stop.load(Ordering::Relaxed) {
                    time += Duration::from_secs(1);
                    file.set_modified(time).unwrap();
                }
            });
            // The writer may take a while to begin.
            let error = (0..100).find_map(|_| Binary::read(&path).err());
            stop.store(true, Ordering::Relaxed);
            error.unwrap().to_string()
        });
        assert!(message.contains("changed while it was read"), "{message}");
    }

    #[test]
    fn what_is_no_file_or_too_large_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.wasm");
        let large = File::create(&path).unwrap();
        large.set_len(COMPONENT_BYTES_MAX + 1).unwrap();
        for (path, what) in [
            (path.as_path(), "268435457 bytes"),
            (folder.path(), "not a file"),
            (Path::new("/dev/zero"), "not a file"),
            (Path::new("/none"), "cannot read /none"),
        ] {
            let message = Binary::read(path).unwrap_err().to_string();
            assert!(message.contains(what), "{message}");
        }
    }
}
