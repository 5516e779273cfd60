//! `/tmp`: a private, at first empty folder for each instance of an app that is granted one.
//!
//! Owns the folders: where they lie, and that nothing stays of them. What an instance may put into
//! its own is counted in [`quota`]; [`files`] asks there before anything grows. The folders of a
//! host lie in one folder, which is locked for as long as the host runs: one that nobody has locked
//! was left behind, and goes with the next start.

mod files;
mod quota;
mod stream;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{Mode, OFlags};
use tempfile::{Builder, TempDir};
use tokio::runtime::Handle;

pub(crate) use self::files::{enter, link};
pub(crate) use self::quota::Quota;

/// Where a guest finds its folder.
pub(crate) const GUEST: &str = "/tmp";

/// The folder in which the folders of all instances of a gateway lie. It is made with the first app
/// that is granted one.
#[derive(Default)]
pub(crate) struct Scratch {
    root: Mutex<Option<Arc<Root>>>,
}

impl Scratch {
    /// The folder, which is made below the system's folder for such things if there is none.
    pub(crate) fn root(&self) -> io::Result<Arc<Root>> {
        let mut root = self.root.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(root) = &*root {
            return Ok(Arc::clone(root));
        }
        let made = Arc::new(Root::new(&std::env::temp_dir())?);
        *root = Some(Arc::clone(&made));
        Ok(made)
    }
}

/// A host's folder. It goes with the last app and instance that needs it.
pub(crate) struct Root {
    folder: TempDir,
    /// Kept open, and locked.
    _lock: File,
    /// Folders that are being removed in the background.
    removals: Arc<AtomicUsize>,
}

/// What the names of hosts' folders begin with.
const PREFIX: &str = "wasgi-tmp-";

/// Times that making a folder is tried: a host that starts just then may take it for a leftover.
const ATTEMPTS_MAX: usize = 8;

impl Root {
    fn new(parent: &Path) -> io::Result<Self> {
        remove_leftovers(parent);
        for _ in 0..ATTEMPTS_MAX {
            let folder = private(PREFIX).tempdir_in(parent)?;
            if let Some(lock) = lock(folder.path())
                && fs::symlink_metadata(folder.path()).is_ok()
            {
                return Ok(Self {
                    folder,
                    _lock: lock,
                    removals: Arc::default(),
                });
            }
        }
        Err(io::Error::other("others remove it as soon as it is there"))
    }

    /// Makes a folder for an instance, which may put so many bytes into it.
    pub(crate) fn folder(self: &Arc<Self>, quota: u64) -> io::Result<Folder> {
        let path = private("").tempdir_in(self.folder.path())?.keep();
        Ok(Folder {
            quota: Arc::new(Quota::new(path.clone(), quota)),
            path,
            root: Arc::clone(self),
        })
    }
}

/// Makes folders that only the host's user can look into, with names that nobody can guess.
fn private(prefix: &str) -> Builder<'_, 'static> {
    let mut builder = Builder::new();
    builder.prefix(prefix).rand_bytes(16);
    builder.permissions(fs::Permissions::from_mode(0o700));
    builder
}

/// Locks a folder of this user, if nobody else has.
fn lock(folder: &Path) -> Option<File> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = File::from(rustix::fs::open(folder, flags, Mode::empty()).ok()?);
    let owner = rustix::fs::fstat(&folder).ok()?.st_uid;
    let is_own = owner == rustix::process::geteuid().as_raw();
    (is_own && folder.try_lock().is_ok()).then_some(folder)
}

/// Removes what hosts left behind that did not end by themselves.
fn remove_leftovers(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries {
        let is_one = entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(PREFIX.as_bytes());
        if is_one && let Some(_lock) = lock(&entry.path()) {
            remove(&entry.path());
        }
    }
}

/// The folder of one instance, removed with it.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    pub(crate) quota: Arc<Quota>,
    root: Arc<Root>,
}

/// Folders that are removed in the background at one time. Whoever ends an instance beyond them
/// removes its folder first, so that no more is left to remove than that.
const REMOVALS_MAX: usize = 64;

impl Drop for Folder {
    fn drop(&mut self) {
        // Most are empty.
        if fs::remove_dir(&self.path).is_ok() {
            return;
        }
        let path = std::mem::take(&mut self.path);
        let root = Arc::clone(&self.root);
        let background = Handle::try_current().ok();
        // Limit: REMOVALS_MAX
        let is_one_too_many = root.removals.load(Ordering::Relaxed) >= REMOVALS_MAX;
        match background.filter(|_| !is_one_too_many) {
            Some(background) => {
                root.removals.fetch_add(1, Ordering::Relaxed);
                background.spawn_blocking(move || {
                    remove(&path);
                    root.removals.fetch_sub(1, Ordering::Relaxed);
                });
            }
            None => remove(&path),
        }
    }
}

fn remove(folder: &Path) {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!("cannot remove {}: {error}", folder.display());
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
