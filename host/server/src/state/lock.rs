//! The lock that gives a state folder to one host.
//!
//! It belongs to an open file, not to a process: a host that is started by another one inherits the
//! file, and with it the lock, without a moment in which nobody has it. The kernel lets go of it
//! when the last process that has the file open ends, however it ends.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::error::StateError;

/// A folder's lock, while it is held.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// Takes the lock. Does not wait for it: a host holds it for as long as it runs.
    pub(super) fn acquire(folder: &Path) -> Result<Self, StateError> {
        let path = folder.join(NAME);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(StateError::io("open", &path))?;
        Self::hold(folder, file)
    }

    /// Goes on with the lock of another host, which opened the file.
    pub(super) fn adopt(folder: &Path, lock: OwnedFd) -> Result<Self, StateError> {
        let path = folder.join(NAME);
        let file = File::from(lock);
        let is_same = || {
            let (inherited, named) = (file.metadata()?, fs::metadata(&path)?);
            let same = (inherited.dev(), inherited.ino()) == (named.dev(), named.ino());
            if !same {
                return Err(io::Error::other("the inherited descriptor is another file"));
            }
            Ok(())
        };
        is_same().map_err(StateError::io("take over", &path))?;
        Self::hold(folder, file)
    }

    /// The open file that holds the lock.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Locks the file, which changes nothing if it has the lock already.
    fn hold(folder: &Path, file: File) -> Result<Self, StateError> {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self(file)),
            Err(Errno::WOULDBLOCK) => Err(StateError::Held {
                folder: folder.to_owned(),
            }),
            Err(error) => Err(StateError::io("lock", &folder.join(NAME))(error.into())),
        }
    }
}

/// The file that is locked. It stays when the host ends, and is empty.
const NAME: &str = "lock";
