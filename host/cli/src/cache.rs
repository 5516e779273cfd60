//! The folder in which compiled components are kept.

use std::path::{Path, PathBuf};

/// Where the cache is if the arguments do not say: `$XDG_CACHE_HOME/wasgi` or `~/.cache/wasgi`.
/// None on a machine without a home, as in a bare container, or where others may write to it: it
/// was not asked for, so the server starts without.
pub(crate) fn default_folder() -> Option<PathBuf> {
    let base =
        variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")))?;
    let folder = base.join("wasgi");
    match wasgi_gateway::check_cache(&folder) {
        Ok(()) => Some(folder),
        Err(error) => {
            tracing::warn!("components are compiled at every start: {error}");
            None
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the XDG convention is made of variables"
)]
fn variable(name: &str) -> Option<PathBuf> {
    // The convention has relative paths ignored.
    std::env::var(name)
        .ok()
        .map(PathBuf::from)
        .filter(|path| Path::is_absolute(path))
}
