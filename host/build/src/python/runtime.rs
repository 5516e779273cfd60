//! The package `wasgi` for the guest and the contract, which this program carries.
//!
//! Owns that they lie in the cache as they are here. Their source is `guests/python` and `wit`.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use crate::cache::Cache;
use crate::embedded::{Embedded, ends_with};
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
    let write = |entry: &Path, _: &mut dyn Progress| files.write(entry);
    let folder = cache.entry("runtime", &files.digest(), progress, write)?;
    let mut wit: Vec<_> = files
        .paths()
        .filter(|path| ends_with(path, "wit"))
        .filter_map(|path| Some(folder.join(path.parent()?)))
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
    files().digest()
}

/// Where they lie in the entry of the cache.
const SRC: &str = "src";
const GUEST_WIT: &str = "python-wit";

fn files() -> Embedded {
    Embedded::default()
        .tree(SRC, &PACKAGE, &["py", "typed"])
        .tree("wit", &WIT, &["wit"])
        .tree(GUEST_WIT, &PACKAGE_WIT, &["wit"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_and_the_contract_are_carried() {
        let files = files();
        let has = |name: &str| files.paths().any(|path| path == Path::new(name));
        assert!(has("src/wasgi/runtime/entry.py"));
        assert!(has("src/wasgi/py.typed"));
        assert!(has("wit/world.wit"));
        assert!(has("python-wit/world.wit"));
    }
}
