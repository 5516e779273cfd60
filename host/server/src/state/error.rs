//! What can go wrong with the state folder, and the way out.

use std::io;
use std::path::{Path, PathBuf};

use super::digest::Digest;

/// Why the state folder could not be read or written.
///
/// `Display` prints one level; the source, where there is one, is the system's reason.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A component's file is not what its name says.
    #[error(
        "release {} is damaged: the digest of {} is {found}, expected that in its name; \
         deploy it again",
        expected.release_id(), path.display()
    )]
    DamagedBlob {
        /// The component's file.
        path: PathBuf,
        /// The digest that names it.
        expected: Digest,
        /// The digest that it has.
        found: Digest,
    },
    /// An app's record cannot be understood.
    #[error("the record {} is damaged: {reason}", path.display())]
    DamagedRecord {
        /// The record's file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another host has the folder.
    #[error(
        "the state folder {} is held by another host: stop that host, or give this one a folder \
         of its own", folder.display()
    )]
    Held {
        /// The folder.
        folder: PathBuf,
    },
    /// The system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was to be done.
        action: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// Why it was refused.
        source: io::Error,
    },
    /// A component's file is gone.
    #[error(
        "release {} is missing: there is no {}; deploy it again",
        digest.release_id(), path.display()
    )]
    MissingBlob {
        /// The component's file.
        path: PathBuf,
        /// The digest that names it.
        digest: Digest,
    },
    /// Others could read or change what lies in the folder.
    #[error(
        "cannot use {} as a state folder: {found}; expected one that only this host's user may \
         write to", folder.display()
    )]
    NotPrivate {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        found: &'static str,
    },
    /// A component is over the limit.
    #[error("expected a component of at most {bytes_max} bytes, found more")]
    TooLarge {
        /// The most that is taken.
        bytes_max: u64,
    },
    /// A record cannot be written, for what it says.
    #[error("cannot write the record of app {app:?}: {reason}")]
    UnfitRecord {
        /// The app.
        app: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl StateError {
    /// For `map_err`: what was to be done, with which file or folder.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
