//! The folders in which a user's programs keep what they make: the XDG convention.

use std::path::{Path, PathBuf};

/// The folder that a variable names, else one below the home folder. None on a machine without a
/// home, as in a bare container.
#[expect(
    clippy::disallowed_methods,
    reason = "the XDG convention is made of variables"
)]
pub(crate) fn folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let folder = |name| {
        // The convention has relative paths ignored.
        std::env::var(name)
            .ok()
            .map(PathBuf::from)
            .filter(|path| Path::is_absolute(path))
    };
    folder(variable).or_else(|| folder("HOME").map(|home| home.join(below_home)))
}
