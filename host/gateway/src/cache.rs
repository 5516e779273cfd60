//! Compiled components on disk, so that a host starts without compiling.
//!
//! An entry is native code that the host will run, so the folder belongs to the host's user alone
//! and an entry is loaded only if its digest is the one that was written with it. Owns the folder's
//! layout; compiling is left to `engine.rs`.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

/// Bytes that all entries together may have; the oldest go first.
pub(crate) const CACHE_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// A folder of compiled components.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    /// [`CACHE_BYTES_MAX`], but in tests.
    bytes_max: u64,
}

impl Cache {
    /// Opens the folder, and makes it if it is not there.
    ///
    /// Fails if somebody else owns it or may write to it: whoever writes an entry runs code here.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        open_folder(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            bytes_max: CACHE_BYTES_MAX,
        })
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of an entry that is there and whole.
    pub(crate) fn find(&self, key: &str) -> Option<PathBuf> {
        let path = self.artifact(key);
        let expected = fs::read_to_string(self.digest(key)).ok()?;
        if digest_of(&path).ok()? == expected {
            return Some(path);
        }
        tracing::warn!(path = %path.display(), "a cache entry is damaged: compiling again");
        None
    }

    /// Writes an entry: under a temporary name, then renamed, so that nobody sees half of it.
    pub(crate) fn insert(&self, key: &str, artifact: &[u8]) -> io::Result<PathBuf> {
        let path = self.artifact(key);
        self.write(&path, artifact)?;
        self.write(&self.digest(key), hex(&Sha256::digest(artifact)).as_bytes())?;
        self.evict()?;
        Ok(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(&self.folder)?;
        file.write_all(bytes)?;
        file.as_file()
            .set_permissions(Permissions::from_mode(0o400))?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }

    /// Removes the oldest entries while all together are too large. A file that is mapped stays
    /// usable after its name is gone.
    fn evict(&self) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let Some(metadata) = unless_gone(entry.metadata())? else {
                continue;
            };
            if metadata.is_dir() {
                continue;
            }
            let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            entries.push((modified, metadata.len(), entry.path()));
        }
        entries.sort();
        let mut total: u64 = entries.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, path) in entries {
            // Limit: CACHE_BYTES_MAX
            if total <= self.bytes_max {
                break;
            }
            unless_gone(fs::remove_file(path))?;
            total -= bytes;
        }
        Ok(())
    }

    fn artifact(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.cwasm"))
    }

    fn digest(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.sha256"))
    }
}

/// What was done with a file, or none if it was gone: other hosts rename and remove entries too.
fn unless_gone<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        done => done.map(Some),
    }
}

/// Opens a folder that must be the user's alone, and makes it if it is not there.
pub(crate) fn open_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let metadata = fs::metadata(folder)?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("another user owns it"));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(io::Error::other("other users may write to it"));
    }
    Ok(())
}

/// The lower-case hexadecimal form of bytes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string takes all that is written to it");
    }
    text
}

fn digest_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&digest.finalize())),
            length => digest.update(&buffer[..length]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn finds_what_was_inserted_and_refuses_what_was_changed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("cache")).unwrap();
        assert_eq!(cache.find("key"), None);
        let path = cache.insert("key", b"artifact").unwrap();
        assert_eq!(cache.find("key"), Some(path.clone()));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o400);

        fs::remove_file(&path).unwrap();
        fs::write(&path, b"artifacT").unwrap();
        assert_eq!(cache.find("key"), None);
        cache.insert("key", b"artifact").unwrap();
        assert_eq!(cache.find("key"), Some(path));
    }

    #[test]
    fn removes_the_oldest_entries_when_all_are_too_large() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Cache::open(&folder.path().join("cache")).unwrap();
        let digest_bytes = 64;
        cache.bytes_max = 2 * (100 + digest_bytes);
        for key in ["first", "second", "third"] {
            cache.insert(key, &[0; 100]).unwrap();
        }
        assert_eq!(cache.find("first"), None);
        assert!(cache.find("third").is_some());
        let left = fs::read_dir(&cache.folder).unwrap();
        let bytes: u64 = left
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum();
        assert!(bytes <= cache.bytes_max, "{bytes}");
    }

    #[test]
    fn lets_many_insert_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("cache");
        thread::scope(|scope| {
            for writer in 0..4 {
                let mut cache = Cache::open(&folder).unwrap();
                cache.bytes_max = 4000;
                scope.spawn(move || {
                    for number in 0..100 {
                        let key = format!("{writer}-{number}");
                        cache.insert(&key, &[0; 100]).unwrap();
                    }
                });
            }
        });
    }

    #[test]
    fn refuses_a_folder_that_others_may_write_to() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        let error = Cache::open(folder.path()).unwrap_err();
        assert!(
            error.to_string().contains("other users may write"),
            "{error}"
        );
    }
}
