//! The state folder of a host: every app's releases, so that after a restart each app has the
//! release that was activated last.
//!
//! ```text
//! STATE/lock              held for as long as the host runs
//! STATE/blobs/SHA256.wasm a component, named by its digest
//! STATE/apps/NAME.json    the record of an app's releases
//! ```
//!
//! The folder survives a crash at any moment, and a loss of power: each file is written under a
//! temporary name, synced and renamed, and a component is there before the record that names it.
//! Only this module writes there, but for the admin's socket. Every call blocks. Which app there is
//! and what is served, it does not know.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

mod blobs;
mod digest;
mod error;
mod files;
mod lock;
mod names;
mod record;

pub use blobs::{Blob, Incoming};
pub use digest::{Digest, HexError, ReleaseId};
pub use error::StateError;
pub use record::{
    Origin, RELEASES_KEPT, RELEASES_KEPT_MAX, Record, Release, ReleaseError, Split, Sticky,
};

use blobs::Blobs;
use lock::Lock;
use names::Owner;

/// A host's state folder, which no other host can open while this lives.
#[derive(Debug)]
pub struct State {
    folder: PathBuf,
    /// The folder of records.
    apps: PathBuf,
    blobs: Blobs,
    lock: Lock,
    /// Held while a record is replaced, from looking at the one that is there: of two that come at
    /// once, the second would keep the first's record in place of the damaged one. Also held while
    /// the folder is listed, in which a file that is renamed then need not appear.
    replacing: Mutex<()>,
}

impl State {
    /// Opens a folder, and makes it if it is not there.
    ///
    /// Fails with [`StateError::Held`] if another host has it.
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        files::open_private(folder)?;
        Self::with_lock(folder, Lock::acquire(folder)?)
    }

    /// Takes a folder over from another host, with the descriptor that this one inherited.
    ///
    /// The other host writes no more to the folder once it has handed the descriptor on: what it
    /// was writing is removed.
    pub fn adopt(folder: &Path, lock: OwnedFd) -> Result<Self, StateError> {
        files::open_private(folder)?;
        Self::with_lock(folder, Lock::adopt(folder, lock)?)
    }

    fn with_lock(folder: &Path, lock: Lock) -> Result<Self, StateError> {
        let apps = folder.join("apps");
        files::open_private(&apps)?;
        files::sweep(&apps)?;
        Ok(Self {
            folder: folder.to_owned(),
            apps,
            blobs: Blobs::open(folder.join("blobs"))?,
            lock,
            replacing: Mutex::new(()),
        })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What holds the folder: a host that inherits it can [`adopt`](Self::adopt) the folder. It is
    /// closed on `exec` unless that is changed.
    pub fn lock_descriptor(&self) -> BorrowedFd<'_> {
        self.lock.descriptor()
    }

    /// The apps that have a record, also those whose record is damaged, in alphabetical order.
    ///
    /// A name that is too long for a file stands in the record alone: that of a damaged record is
    /// left out.
    pub fn apps(&self) -> Result<Vec<String>, StateError> {
        let _held = self.hold_records();
        let mut apps = Vec::new();
        for (path, owner) in self.records()? {
            match owner {
                Owner::App(app) => apps.push(app),
                Owner::Inside => match load(&path) {
                    Ok(Some((app, _))) => apps.push(app),
                    Ok(None) | Err(StateError::DamagedRecord { .. }) => {}
                    Err(error) => return Err(error),
                },
            }
        }
        apps.sort();
        Ok(apps)
    }

    /// The record of an app, if it has one.
    ///
    /// Fails with [`StateError::DamagedRecord`] if it cannot be understood.
    pub fn read(&self, app: &str) -> Result<Option<Record>, StateError> {
        let path = self.record_path(app);
        match load(&path)? {
            None => {
                // Without its folder, a record is not absent but lost.
                fs::metadata(&self.apps).map_err(StateError::io("read the folder", &self.apps))?;
                Ok(None)
            }
            Some((owner, record)) if owner == app => Ok(Some(record)),
            Some((owner, _)) => Err(StateError::DamagedRecord {
                path,
                reason: format!("it is the record of app {owner:?}, expected that of {app:?}"),
            }),
        }
    }

    /// Replaces the record of an app. It is on the disk when this returns.
    ///
    /// A record that is there and damaged is kept beside it, as `NAME.json.damaged`. If this fails,
    /// the old record is still there, unless all that failed was the last sync of the folder.
    pub fn write(&self, app: &str, record: &Record) -> Result<(), StateError> {
        let unfit = |reason| StateError::UnfitRecord {
            app: app.to_owned(),
            reason,
        };
        if let Some(reason) = record.contradiction() {
            return Err(unfit(reason));
        }
        let bytes = encode(app, record).map_err(unfit)?;
        let path = self.record_path(app);
        let write_failed = || StateError::io("write", &path);
        let mut file = files::temporary(&self.apps).map_err(write_failed())?;
        file.write_all(&bytes).map_err(write_failed())?;
        file.as_file().sync_all().map_err(write_failed())?;

        let replacing = self.hold_records();
        match self.read(app) {
            Ok(_) => {}
            Err(StateError::DamagedRecord { .. }) => set_aside(&path)?,
            Err(error) => return Err(error),
        }
        file.persist(&path)
            .map_err(|error| write_failed()(error.error))?;
        drop(replacing);
        files::sync(&self.apps).map_err(StateError::io("write to disk the folder", &self.apps))
    }

    /// Begins to receive a component of at most so many bytes.
    pub fn receive(&self, bytes_max: u64) -> Result<Incoming, StateError> {
        self.blobs.receive(bytes_max)
    }

    /// Stores a component that is in memory.
    pub fn put(&self, bytes: &[u8]) -> Result<Blob, StateError> {
        let mut incoming = self.receive(bytes.len() as u64)?;
        incoming.write(bytes)?;
        incoming.finish()
    }

    /// The file of a component, after its digest was checked.
    ///
    /// Fails with [`StateError::DamagedBlob`] or [`StateError::MissingBlob`].
    pub fn open_blob(&self, digest: Digest) -> Result<PathBuf, StateError> {
        self.blobs.find(digest)
    }

    /// Removes the components that no record names and nobody holds as a [`Blob`], and returns how
    /// many.
    ///
    /// Fails, and removes nothing, while a record is damaged: what that one names is not known.
    pub fn collect(&self) -> Result<usize, StateError> {
        self.blobs.collect(|| {
            let _held = self.hold_records();
            let mut needed = HashSet::new();
            for (path, _) in self.records()? {
                if let Some((_, record)) = load(&path)? {
                    needed.extend(record.releases.iter().map(|release| release.digest));
                }
            }
            Ok(needed)
        })
    }

    fn record_path(&self, app: &str) -> PathBuf {
        self.apps.join(names::record_name(app))
    }

    fn hold_records(&self) -> MutexGuard<'_, ()> {
        let held = self.replacing.lock();
        held.unwrap_or_else(PoisonError::into_inner)
    }

    /// The files of all records.
    fn records(&self) -> Result<Vec<(PathBuf, Owner)>, StateError> {
        let read_failed = || StateError::io("read the folder", &self.apps);
        let mut records = Vec::new();
        for entry in fs::read_dir(&self.apps).map_err(read_failed())? {
            let entry = entry.map_err(read_failed())?;
            if let Some(owner) = entry.file_name().to_str().and_then(names::owner) {
                records.push((entry.path(), owner));
            }
        }
        Ok(records)
    }
}

/// Keeps a damaged record under another name, in place of the last one that was kept.
fn set_aside(path: &Path) -> Result<(), StateError> {
    let aside = path.with_added_extension("damaged");
    fs::rename(path, &aside).map_err(StateError::io("rename", path))?;
    tracing::warn!(kept = %aside.display(), "a damaged record is replaced");
    Ok(())
}

/// A record as it is on the disk. What is not known in it is left out when it is written again.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    version: u32,
    app: Cow<'a, str>,
    record: Cow<'a, Record>,
}

/// The format that is written. It changes when hosts that know only the old one would err.
const VERSION: u32 = 1;

/// Bytes of a record: [`RELEASES_KEPT_MAX`] releases with the longest of paths.
const RECORD_BYTES_MAX: u64 = 16 * 1024 * 1024;

fn encode(app: &str, record: &Record) -> Result<Vec<u8>, String> {
    let stored = Stored {
        version: VERSION,
        app: Cow::Borrowed(app),
        record: Cow::Borrowed(record),
    };
    let bytes = serde_json::to_vec_pretty(&stored).map_err(|error| error.to_string())?;
    // Limit: RECORD_BYTES_MAX
    if bytes.len() as u64 > RECORD_BYTES_MAX {
        return Err(format!(
            "expected at most {RECORD_BYTES_MAX} bytes, found {}",
            bytes.len()
        ));
    }
    Ok(bytes)
}

/// Reads a record's file, if it is there: the app's name and the record.
fn load(path: &Path) -> Result<Option<(String, Record)>, StateError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| {
        // Limit: RECORD_BYTES_MAX
        file.take(RECORD_BYTES_MAX + 1).read_to_end(&mut bytes)
    });
    match read {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StateError::io("read", path)(error)),
    }
    decode(&bytes)
        .map(Some)
        .map_err(|reason| StateError::DamagedRecord {
            path: path.to_owned(),
            reason,
        })
}

fn decode(bytes: &[u8]) -> Result<(String, Record), String> {
    /// What every format has.
    #[derive(Deserialize)]
    struct Format {
        version: u32,
    }
    if bytes.len() as u64 > RECORD_BYTES_MAX {
        return Err(format!("it has more than {RECORD_BYTES_MAX} bytes"));
    }
    let format: Format = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if format.version != VERSION {
        return Err(format!(
            "its format is version {}, expected {VERSION}",
            format.version
        ));
    }
    let stored: Stored<'_> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let record = stored.record.into_owned();
    match record.contradiction() {
        Some(reason) => Err(reason),
        None => Ok((stored.app.into_owned(), record)),
    }
}

#[cfg(test)]
mod tests;
