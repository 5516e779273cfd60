//! Folders that are the host's alone, and files that are there whole or not at all.
//!
//! What is being written has a temporary name, which a restart after a crash finds and removes.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::digest::Digest;
use super::error::StateError;

/// Makes a folder if it is not there, and fails if somebody else owns it or may write to it.
pub(super) fn open_private(folder: &Path) -> Result<(), StateError> {
    let is_new = !folder.exists();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(StateError::io("make the folder", folder))?;
    let metadata = fs::metadata(folder).map_err(StateError::io("look at", folder))?;
    let refused = |found| {
        Err(StateError::NotPrivate {
            folder: folder.to_owned(),
            found,
        })
    };
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return refused("another user owns it");
    }
    if metadata.mode() & 0o022 != 0 {
        return refused("other users may write to it");
    }
    if is_new && let Some(parent) = folder.parent() {
        // The parent of a relative name of one part is the empty path.
        let here = Path::new(".");
        let parent = if parent == Path::new("") {
            here
        } else {
            parent
        };
        sync(parent).map_err(StateError::io("write to disk the folder", parent))?;
    }
    Ok(())
}

/// A new file in the folder, for its owner alone, which is removed when it is dropped.
pub(super) fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(TEMPORARY)
        .tempfile_in(folder)
}

/// Removes the temporary files that a crash left in a folder. Nobody may be writing there.
pub(super) fn sweep(folder: &Path) -> Result<(), StateError> {
    let read_failed = || StateError::io("read the folder", folder);
    for entry in fs::read_dir(folder).map_err(read_failed())? {
        let entry = entry.map_err(read_failed())?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes()) {
            let path = entry.path();
            fs::remove_file(&path).map_err(StateError::io("remove", &path))?;
        }
    }
    Ok(())
}

/// How temporary names begin, and no other.
const TEMPORARY: &str = ".new-";

/// Waits until the names in a folder are on the disk: a file that was renamed is else lost, or has
/// its old content, after a loss of power.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The digest of a file.
pub(super) fn digest_of(path: &Path) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Digest::from_hash(hash)),
            length => hash.update(&buffer[..length]),
        }
    }
}
