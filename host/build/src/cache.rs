//! The folder in which tools, requirements and what is known of former builds are kept.
//!
//! Owns that an entry is whole or absent, that two processes do not make one entry at a time, and
//! that entries that nobody uses go. What is in an entry is the languages' to know.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::BuildError;
use crate::progress::Progress;

/// A cache of builds. It holds programs that are run, so only its owner may write to it.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache in a folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made, or others may write to it.
    pub fn new(folder: &Path) -> Result<Self, BuildError> {
        make_private(folder)?;
        let folder = fs::canonicalize(folder)
            .map_err(|error| BuildError::cannot("use the cache", folder, &error))?;
        let cache = Self { folder };
        cache.sweep();
        Ok(cache)
    }

    /// The entry of a kind with this name. If it is not there, `make` makes it in an empty folder
    /// that then becomes the entry.
    pub(crate) fn entry(
        &self,
        kind: &str,
        name: &str,
        progress: &mut dyn Progress,
        make: impl FnOnce(&Path, &mut dyn Progress) -> Result<(), BuildError>,
    ) -> Result<PathBuf, BuildError> {
        let kind = self.folder(kind)?;
        let entry = kind.join(name);
        if !entry.is_dir() {
            let _lock = self.lock(name, progress)?;
            if !entry.is_dir() {
                let made = scratch(&kind)?;
                make(made.path(), progress)?;
                fs::rename(made.path(), &entry)
                    .map_err(|error| BuildError::cannot("write", &entry, &error))?;
                // The folder is not there any more under the name that would be removed.
                drop(made.keep());
            }
        }
        note_use(&entry);
        Ok(entry)
    }

    /// A folder of the cache that programs write to as they like.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf, BuildError> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder).map_err(|error| BuildError::cannot("make", &folder, &error))?;
        Ok(folder)
    }

    /// Waits until nobody else holds the lock with this name. It is free again when what is
    /// returned is dropped or the process ends.
    pub(crate) fn lock(&self, name: &str, progress: &mut dyn Progress) -> Result<File, BuildError> {
        let path = self.folder("locks")?.join(name);
        let cannot = |error: &io::Error| BuildError::cannot("lock", &path, error);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| cannot(&error))?;
        if file.try_lock().is_err() {
            progress.step("waiting for another build of the same");
            // The other one ends in time: what it runs has a limit on its time.
            file.lock().map_err(|error| cannot(&error))?;
        }
        Ok(file)
    }

    /// Removes the entries that were not used for long, and what processes that were killed left.
    fn sweep(&self) {
        for kind in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            for entry in fs::read_dir(kind.path()).into_iter().flatten().flatten() {
                // What cannot be read or removed is left to the next time.
                let age = entry.metadata().and_then(|data| data.modified());
                let age = age
                    .ok()
                    .and_then(|at| SystemTime::now().duration_since(at).ok());
                // Limit: UNUSED_MAX
                if entry.path().is_dir() && age.is_some_and(|age| age > UNUSED_MAX) {
                    fs::remove_dir_all(entry.path()).unwrap_or_default();
                }
            }
        }
    }
}

/// How long an entry is kept that nobody uses: a project that rests for a summer starts at once.
const UNUSED_MAX: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// A folder for what is made now, which goes if that fails. It is beside what it becomes: a rename
/// does not cross file systems.
fn scratch(beside: &Path) -> Result<tempfile::TempDir, BuildError> {
    tempfile::Builder::new()
        .prefix(".new-")
        .tempdir_in(beside)
        .map_err(|error| BuildError::cannot("write to", beside, &error))
}

/// An entry is as old as its folder. If that cannot be written, it goes early and is made anew.
fn note_use(entry: &Path) {
    let now = SystemTime::now();
    File::open(entry)
        .and_then(|folder| folder.set_modified(now))
        .unwrap_or_default();
}

fn make_private(folder: &Path) -> Result<(), BuildError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|error| BuildError::cannot("make the cache", folder, &error))?;
    #[cfg(unix)]
    {
        let data = fs::metadata(folder)
            .map_err(|error| BuildError::cannot("use the cache", folder, &error))?;
        if std::os::unix::fs::PermissionsExt::mode(&data.permissions()) & 0o022 != 0 {
            let folder = folder.display();
            return Err(BuildError::new(format!(
                "cannot use the cache {folder}: it holds programs that are run, and others may write to it"
            ))
            .hint(format!("run `chmod go-w {folder}`")));
        }
    }
    Ok(())
}
