//! The components of all releases: files that are named by their digest.
//!
//! A file is written under a temporary name, synced and renamed, so that the name of a digest is
//! that of a whole file. Knows nothing of apps: what is still needed, it is told.

use std::collections::{HashMap, HashSet};
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::digest::Digest;
use super::error::StateError;
use super::files;

/// The folder of components.
#[derive(Clone, Debug)]
pub(super) struct Blobs {
    folder: PathBuf,
    pins: Pins,
}

/// A component on its way into the state folder. Dropping it leaves nothing there.
#[derive(Debug)]
pub struct Incoming {
    file: NamedTempFile,
    hash: Sha256,
    bytes: u64,
    bytes_max: u64,
    blobs: Blobs,
}

/// A component in the state folder. While this lives, the component is kept there even if no
/// record names it: hold it until the record is written.
#[derive(Debug)]
pub struct Blob {
    digest: Digest,
    bytes: u64,
    path: PathBuf,
    pins: Pins,
}

/// How many [`Blob`]s there are of each digest.
///
/// Locked while components are removed: what is pinned in that time is found there already, or is
/// written anew.
#[derive(Clone, Debug, Default)]
struct Pins(Arc<Mutex<HashMap<Digest, usize>>>);

impl Blobs {
    /// Opens the folder, and removes what a crash left half-written.
    pub(super) fn open(folder: PathBuf) -> Result<Self, StateError> {
        files::open_private(&folder)?;
        files::sweep(&folder)?;
        Ok(Self {
            folder,
            pins: Pins::default(),
        })
    }

    /// Begins a new component, of at most so many bytes.
    pub(super) fn receive(&self, bytes_max: u64) -> Result<Incoming, StateError> {
        let file = files::temporary(&self.folder)
            .map_err(StateError::io("write a component to", &self.folder))?;
        Ok(Incoming {
            file,
            hash: Sha256::new(),
            bytes: 0,
            bytes_max,
            blobs: self.clone(),
        })
    }

    /// The file of a component, which has been read and is whole.
    pub(super) fn find(&self, digest: Digest) -> Result<PathBuf, StateError> {
        let path = self.path(digest);
        match files::digest_of(&path) {
            Ok(found) if found == digest => Ok(path),
            Ok(found) => Err(StateError::DamagedBlob {
                path,
                expected: digest,
                found,
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(StateError::MissingBlob { path, digest })
            }
            Err(error) => Err(StateError::io("read", &path)(error)),
        }
    }

    /// Removes the components that are neither pinned nor needed, and returns how many.
    ///
    /// What is needed is asked for when no pin can be let go of any more: whoever wrote a record
    /// held a pin until then, so that one or the other is seen.
    pub(super) fn collect(
        &self,
        needed: impl FnOnce() -> Result<HashSet<Digest>, StateError>,
    ) -> Result<usize, StateError> {
        let pins = self.pins.lock();
        let needed = needed()?;
        let read_failed = || StateError::io("read the folder", &self.folder);
        let mut removed = 0;
        for entry in fs::read_dir(&self.folder).map_err(read_failed())? {
            let path = entry.map_err(read_failed())?.path();
            let Some(digest) = digest_in(&path) else {
                continue;
            };
            if !needed.contains(&digest) && !pins.contains_key(&digest) {
                fs::remove_file(&path).map_err(StateError::io("remove", &path))?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.folder.join(format!("{digest}.{EXTENSION}"))
    }

    fn pin(&self, digest: Digest, bytes: u64) -> Blob {
        *self.pins.lock().entry(digest).or_insert(0) += 1;
        Blob {
            digest,
            bytes,
            path: self.path(digest),
            pins: self.pins.clone(),
        }
    }
}

const EXTENSION: &str = "wasm";

/// The digest that a component's file is named by.
fn digest_in(path: &Path) -> Option<Digest> {
    if path.extension()? != EXTENSION {
        return None;
    }
    path.file_stem()?.to_str()?.parse().ok()
}

impl Incoming {
    /// Appends the next bytes of the component. Once this fails, the component cannot be finished.
    pub fn write(&mut self, chunk: &[u8]) -> Result<(), StateError> {
        let bytes = self.bytes + chunk.len() as u64;
        // Limit: bytes_max
        if bytes > self.bytes_max {
            return Err(StateError::TooLarge {
                bytes_max: self.bytes_max,
            });
        }
        self.file
            .write_all(chunk)
            .map_err(StateError::io("write a component to", &self.blobs.folder))?;
        self.hash.update(chunk);
        self.bytes = bytes;
        Ok(())
    }

    /// Gives the component its name. It is on the disk when this returns.
    pub fn finish(self) -> Result<Blob, StateError> {
        let Self {
            file, hash, bytes, ..
        } = self;
        // Pinned before it is looked for: what is found is not removed in between.
        let blob = self.blobs.pin(Digest::from_hash(hash), bytes);
        let is_whole = files::digest_of(&blob.path).is_ok_and(|found| found == blob.digest);
        if !is_whole {
            store(file, bytes, &blob.path).map_err(StateError::io("write", &blob.path))?;
        }
        // Also for one that was there: it may be renamed and not yet on the disk.
        let folder = &self.blobs.folder;
        files::sync(folder).map_err(StateError::io("write to disk the folder", folder))?;
        Ok(blob)
    }
}

/// Makes a temporary file the one of this path.
fn store(file: NamedTempFile, bytes: u64, path: &Path) -> io::Result<()> {
    // A write that failed may have left a part of its chunk, which was not counted.
    if file.as_file().metadata()?.len() != bytes {
        return Err(io::Error::other("a part of it was not written before"));
    }
    file.as_file()
        .set_permissions(Permissions::from_mode(0o400))?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

impl Blob {
    /// The component's digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The component's length.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The component's file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        let mut pins = self.pins.lock();
        if let Some(count) = pins.get_mut(&self.digest) {
            *count -= 1;
            if *count == 0 {
                pins.remove(&self.digest);
            }
        }
    }
}

impl Pins {
    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
