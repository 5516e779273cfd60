//! The package `wasgi` for the guest and the contract, which this program carries.
//!
//! Owns that they lie in the cache as they are here. Their source is `guests/python` and `wit`.

use std::fs;
use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};

use crate::cache::Cache;
use crate::digest::Digest;
use crate::error::BuildError;
use crate::progress::Progress;
use crate::wit::WIT;

static PACKAGE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guests/python/src");
static PACKAGE_WIT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guests/python/wit");

/// What every component of Python is made with.
#[derive(Debug)]
pub(super) struct Runtime {
    /// The folder of the package, for the path.
    pub(super) package: PathBuf,
    /// The folders of the contract, each with one package of WIT.
    pub(super) wit: Vec<PathBuf>,
}

/// Lays the package and the contract out, unless the cache has them.
pub(super) fn lay_out(cache: &Cache, progress: &mut dyn Progress) -> Result<Runtime, BuildError> {
    let files = files();
    let digest = digest(&files);
    let folder = cache.entry("runtime", &digest, progress, |entry, _| {
        for (path, content) in &files {
            let path = entry.join(path);
            let folder = path.parent().unwrap_or(entry);
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&path, content))
                .map_err(|error| BuildError::cannot("write", &path, &error))?;
        }
        Ok(())
    })?;
    let mut wit: Vec<_> = files
        .iter()
        .filter(|(path, _)| path.extension().is_some_and(|end| end == "wit"))
        .filter_map(|(path, _)| Some(folder.join(path.parent()?)))
        .collect();
    wit.sort_unstable();
    wit.dedup();
    // The contract first: what the package asks for is found in it.
    wit.sort_by_key(|path| path.ends_with(GUEST_WIT));
    let package = folder.join(SRC);
    Ok(Runtime { package, wit })
}

/// The digest of what every component of Python is made with.
pub(super) fn embedded() -> String {
    digest(&files())
}

/// Where they lie in the entry of the cache.
const SRC: &str = "src";
const GUEST_WIT: &str = "python-wit";

fn digest(files: &[(PathBuf, &[u8])]) -> String {
    let mut digest = Digest::default();
    for (path, content) in files {
        digest.add(path.as_os_str().as_encoded_bytes());
        digest.add(content);
    }
    digest.name()
}

/// All files, each with its place in the entry of the cache.
fn files() -> Vec<(PathBuf, &'static [u8])> {
    let mut found = Vec::new();
    for (folder, dir) in [(SRC, &PACKAGE), ("wit", &WIT), (GUEST_WIT, &PACKAGE_WIT)] {
        collect(Path::new(folder), dir, &mut found);
    }
    found.sort_unstable();
    found
}

fn collect(folder: &Path, dir: &Dir<'static>, found: &mut Vec<(PathBuf, &'static [u8])>) {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(dir) => collect(folder, dir, found),
            DirEntry::File(file) => {
                // Byte code and the like, which whoever ran the package's tests has left.
                let end = file.path().extension().unwrap_or_default();
                if ["py", "typed", "wit"].iter().any(|known| end == *known) {
                    found.push((folder.join(file.path()), file.contents()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_and_the_contract_are_carried() {
        let files = files();
        let has = |name: &str| files.iter().any(|(path, _)| path == Path::new(name));
        assert!(has("src/wasgi/runtime/entry.py"));
        assert!(has("src/wasgi/py.typed"));
        assert!(has("wit/world.wit"));
        assert!(has("python-wit/world.wit"));
    }
}
