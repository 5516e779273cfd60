//! The folder in which compiled components are kept.

use std::path::{Path, PathBuf};

use crate::args::ServeArgs;
use crate::failure::Failure;
use crate::xdg;

/// Where compiled components are kept; none: nowhere.
pub(crate) fn folder(args: &ServeArgs) -> Option<PathBuf> {
    match &args.cache {
        _ if args.no_cache => None,
        Some(folder) => Some(folder.clone()),
        None => default_folder(),
    }
}

/// Where what apps in source require is kept; none: nowhere. It is made once, so `--no-cache` does
/// not concern it.
pub(crate) fn folder_of_source(args: &ServeArgs) -> Option<PathBuf> {
    args.cache.clone().or_else(default_folder)
}

/// Where builds keep what they need.
pub(crate) fn folder_of_builds(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let folder = match named {
        Some(folder) => folder.to_owned(),
        None => default_folder().ok_or_else(|| {
            Failure::run_time("there is no folder for the tools of a build")
                .hint("name one with --cache")
        })?,
    };
    Ok(folder.join("build"))
}

/// Where the cache is if the arguments do not say: `$XDG_CACHE_HOME/wasgi` or `~/.cache/wasgi`.
/// None on a machine without a home, as in a bare container, or where others may write to it: it
/// was not asked for, so the server starts without.
fn default_folder() -> Option<PathBuf> {
    let folder = xdg::folder("XDG_CACHE_HOME", ".cache")?.join("wasgi");
    match wasgi_gateway::check_cache(&folder) {
        Ok(()) => Some(folder),
        Err(error) => {
            tracing::warn!("components are compiled at every start: {error}");
            None
        }
    }
}
