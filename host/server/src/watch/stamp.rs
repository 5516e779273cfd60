//! What tells two states of a file apart without reading it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A file's identity, size, permissions and time of its last change; none if there is no file.
///
/// The time of its last change of status is left out: a hard link to the file changes that.
pub(super) type Stamp = Option<[i128; 5]>;

/// The stamp of what a path leads to.
pub(super) fn stamp(path: &Path) -> Stamp {
    fs::metadata(path).ok().map(|found| stamp_of(&found))
}

/// The stamp of a file of which this is known.
pub(super) fn stamp_of(found: &fs::Metadata) -> [i128; 5] {
    let modified = i128::from(found.mtime()) * 1_000_000_000 + i128::from(found.mtime_nsec());
    [
        i128::from(found.dev()),
        i128::from(found.ino()),
        i128::from(found.size()),
        i128::from(found.mode()),
        modified,
    ]
}
