//! How much lies in one instance's `/tmp`.
//!
//! Counted is what is added, never what is taken away: the count is an upper bound of what is
//! there. When it reaches the quota, the folder is measured, and the count begins from what is
//! found. So no operation that makes something smaller, in whatever way, has to be understood.
//!
//! A file counts with its length, holes and all, since whoever reads it may fill them.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Files, folders and links of one instance, those that were unlinked but are still open too.
const ENTRIES_MAX: usize = 1024;

/// Folders among them. It bounds how deep they lie, and with that what it takes to remove them.
const FOLDERS_MAX: usize = 128;

/// Bytes that an entry counts with beside its length: about its inode and the end of its last block.
const ENTRY_BYTES: u64 = 4096;

/// The count of one folder.
pub(crate) struct Quota {
    folder: PathBuf,
    bytes: u64,
    count: Mutex<Count>,
}

#[derive(Default)]
struct Count {
    total: Total,
    /// Bytes that are being written.
    in_flight: u64,
    /// What was opened below the folder, by its address: the descriptors that guests have.
    open: HashMap<usize, Weak<File>>,
    /// Descriptors from which on those that were closed are forgotten.
    full: usize,
}

/// What lies in a folder, or comes to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Total {
    pub(super) bytes: u64,
    pub(super) entries: usize,
    pub(super) folders: usize,
}

/// The error of a guest that wants to put more into its folder than it may.
#[derive(Debug, thiserror::Error)]
#[error("there is no room for that in its /tmp")]
pub(super) struct QuotaExceeded;

impl Total {
    /// A new file or link.
    pub(super) const ENTRY: Self = Self {
        bytes: ENTRY_BYTES,
        entries: 1,
        folders: 0,
    };

    /// A new folder.
    pub(super) const FOLDER: Self = Self {
        folders: 1,
        ..Self::ENTRY
    };

    fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            entries: self.entries + other.entries,
            folders: self.folders + other.folders,
        }
    }

    fn fits(self, bytes: u64) -> bool {
        // Limit: AppSettings::tmp, ENTRIES_MAX, FOLDERS_MAX
        self.bytes <= bytes && self.entries <= ENTRIES_MAX && self.folders <= FOLDERS_MAX
    }
}

impl Quota {
    /// The count of an empty folder.
    pub(super) fn new(folder: PathBuf, bytes: u64) -> Self {
        Self {
            folder,
            bytes,
            count: Mutex::default(),
        }
    }

    /// Says that a descriptor lies in the folder: it is the folder, or was opened below it.
    pub(super) fn enter(&self, file: &Arc<File>) {
        let mut count = self.lock();
        if count.open.len() >= count.full {
            count.open.retain(|_, file| file.strong_count() > 0);
            count.full = 2 * count.open.len() + 16;
        }
        count.open.insert(address(file), Arc::downgrade(file));
    }

    /// Whether a descriptor lies in the folder. A closed one's address is not given to another
    /// while it is known here.
    pub(super) fn holds(&self, file: &Arc<File>) -> bool {
        self.lock().open.contains_key(&address(file))
    }

    /// Makes room for something new.
    pub(super) fn add(&self, more: Total) -> Result<(), QuotaExceeded> {
        self.take(&mut self.lock(), more)
    }

    /// Makes room for a file to be as long as this.
    pub(super) fn stretch(&self, file: &File, length: u64) -> Result<(), QuotaExceeded> {
        let bytes = length.saturating_sub(length_of(file));
        self.add(Total {
            bytes,
            ..Total::default()
        })
    }

    /// Makes room for bytes that are written from now on until they are [`settled`](Self::settle),
    /// at an offset or at the file's end.
    pub(super) fn write(
        &self,
        file: &File,
        offset: Option<u64>,
        bytes: usize,
    ) -> Result<(), QuotaExceeded> {
        let written = bytes as u64;
        let bytes = offset.map_or(written, |offset| {
            let end = offset.saturating_add(written);
            end.saturating_sub(length_of(file))
        });
        let mut count = self.lock();
        let more = Total {
            bytes,
            ..Total::default()
        };
        self.take(&mut count, more)?;
        count.in_flight += written;
        Ok(())
    }

    /// Says that bytes were written, or never will be.
    pub(super) fn settle(&self, bytes: usize) {
        let mut count = self.lock();
        count.in_flight = count.in_flight.saturating_sub(bytes as u64);
    }

    fn take(&self, count: &mut Count, more: Total) -> Result<(), QuotaExceeded> {
        if !count.total.plus(more).fits(self.bytes) {
            // What cannot be measured keeps its count. What is being written may not be seen yet.
            if let Ok(mut measured) = self.measure(count) {
                measured.bytes = measured.bytes.saturating_add(count.in_flight);
                count.total = measured;
            }
        }
        let total = count.total.plus(more);
        if !total.fits(self.bytes) {
            return Err(QuotaExceeded);
        }
        count.total = total;
        Ok(())
    }

    /// Looks at all that is there. This takes about a millisecond at most, of the guest's time.
    fn measure(&self, count: &Count) -> io::Result<Total> {
        let mut total = Total::default();
        let mut seen = HashSet::new();
        measure_folder(&self.folder, &mut total, &mut seen)?;
        let open = count.open.values().filter_map(Weak::upgrade);
        for file in open {
            let file = file.metadata()?;
            if file.nlink() == 0 && seen.insert((file.dev(), file.ino())) {
                total = total.plus(Total::ENTRY);
                total.bytes = total.bytes.saturating_add(file.len());
            }
        }
        Ok(total)
    }

    fn lock(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Seen = HashSet<(u64, u64)>;

fn measure_folder(folder: &Path, total: &mut Total, seen: &mut Seen) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata()?;
        if found.is_dir() {
            *total = total.plus(Total::FOLDER);
            measure_folder(&entry.path(), total, seen)?;
            continue;
        }
        *total = total.plus(Total::ENTRY);
        // A file with several names lies there once.
        if found.is_file() && seen.insert((found.dev(), found.ino())) {
            total.bytes = total.bytes.saturating_add(found.len());
        }
    }
    Ok(())
}

fn length_of(file: &File) -> u64 {
    file.metadata().map_or(0, |file| file.len())
}

fn address(file: &Arc<File>) -> usize {
    Arc::as_ptr(file).addr()
}
