//! The SDKs that are compiled with a project, which this program carries.
//!
//! Owns that they lie in the cache as they are here. Their source is `guests/c`, `guests/go` and
//! `guests/zig`.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use crate::cache::Cache;
use crate::embedded::{Embedded, ends_with};
use crate::error::BuildError;
use crate::progress::Progress;

static C_HEADERS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guests/c/include");
static C_SOURCES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guests/c/src");
static GO: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guests/go");
static ZIG: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guests/zig/src");

/// The path by which programs in Go import their SDK.
pub(crate) const GO_MODULE: &str = "wasgi";

/// The SDKs, laid out.
#[derive(Clone, Debug)]
pub(crate) struct Sdk {
    /// The folder of `wasgi.h`.
    pub(crate) headers: PathBuf,
    /// What is compiled with each project.
    pub(crate) sources: Vec<PathBuf>,
    /// The folder of Go's module `wasgi`.
    pub(crate) go: PathBuf,
    /// The root of Zig's module `wasgi`.
    pub(crate) zig: PathBuf,
}

/// How the sources are compiled. The guard of stacks is set by what `handle` calls first, and so is
/// another when `handle` returns.
pub(crate) const FLAGS: [&str; 5] = [
    "-O2",
    "-w",
    "-fno-stack-protector",
    "-fno-sanitize=all",
    "-DWASGI_INITIALIZES_ITSELF",
];

impl Sdk {
    /// Lays them out, unless the cache has them.
    pub(crate) fn lay_out(cache: &Cache, progress: &mut dyn Progress) -> Result<Self, BuildError> {
        let files = files();
        let write = |entry: &Path, _: &mut dyn Progress| files.write(entry);
        let folder = cache.entry("sdk", &files.digest(), progress, write)?;
        let sources = files.paths().filter(|path| ends_with(path, "c"));
        Ok(Self {
            headers: folder.join("include"),
            sources: sources.map(|path| folder.join(path)).collect(),
            go: folder.join("go"),
            zig: folder.join("zig/wasgi.zig"),
        })
    }
}

/// The digest of the SDKs.
pub(crate) fn digest() -> String {
    files().digest()
}

fn files() -> Embedded {
    Embedded::default()
        .tree("include", &C_HEADERS, &["h"])
        .tree("src", &C_SOURCES, &["c", "h", "inc"])
        .tree("go", &GO, &["go", "mod", "s"])
        .tree("zig", &ZIG, &["zig"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdks_are_carried() {
        let files = files();
        for name in [
            "include/wasgi.h",
            "src/application.inc",
            "go/wasgi.go",
            "zig/wasgi.zig",
        ] {
            let mut paths = files.paths();
            assert!(paths.any(|path| path == Path::new(name)), "{name}");
        }
    }
}
