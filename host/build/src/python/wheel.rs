//! Tools that come as wheels, of whatever language they are.
//!
//! Owns that one is what its digests say, and that it is installed where only builds see it.

use std::fs;
use std::path::{Path, PathBuf};

use super::interpreter::{self, Interpreter};
use super::pip::{self, For};
use crate::cache::Cache;
use crate::digest::Digest;
use crate::error::BuildError;
use crate::process;
use crate::progress::Progress;

/// Where the packages lie in the entry of the cache.
pub(super) const LIBRARY: &str = "lib";

/// The folder of the packages of a tool, installed if the cache does not have it. `requirement` is
/// a line for pip, with the digests of its wheels.
pub(crate) fn install(
    name: &str,
    requirement: &str,
    cache: &Cache,
    progress: &mut dyn Progress,
) -> Result<PathBuf, BuildError> {
    let entry = Digest::of([requirement]).name();
    let folder = cache.entry("tool", &entry, progress, |entry, progress| {
        let python = interpreter::find(cache, progress)?;
        progress.step(&format!("installing {name}"));
        fetch(&python, name, requirement, entry, progress)
    })?;
    Ok(folder.join(LIBRARY))
}

/// Installs a tool into an entry of the cache.
pub(super) fn fetch(
    python: &Interpreter,
    name: &str,
    requirement: &str,
    entry: &Path,
    progress: &mut dyn Progress,
) -> Result<(), BuildError> {
    let list = entry.join("requirements.txt");
    fs::write(&list, format!("{requirement}\n"))
        .map_err(|error| BuildError::cannot("write", &list, &error))?;
    let mut command = pip::command(python, For::Machine, entry);
    command.args([
        "install",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--no-compile",
        "--no-warn-script-location",
        "--target",
    ]);
    command.arg(entry.join(LIBRARY)).arg("-r").arg(&list);
    let ended = process::run(command, &format!("install {name}"), progress)?;
    if ended.status.success() {
        return Ok(());
    }
    Err(
        BuildError::new(format!("cannot install {name}, which builds this project"))
            .hint("check that pip can reach its index, and that this machine has a wheel of it")
            .output(ended.output),
    )
}
