//! The SDKs that are compiled with a project, which this program carries.
//!
//! Owns that they lie in the cache as they are here. Their source is `guests/c`, `guests/go` and
//! `guests/zig`.

use std::fs;
use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};

use crate::cache::Cache;
use crate::digest::Digest;
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
        let folder = cache.entry("sdk", &digest(), progress, |entry, _| {
            for (path, content) in &files {
                let path = entry.join(path);
                let folder = path.parent().unwrap_or(entry);
                fs::create_dir_all(folder)
                    .and_then(|()| fs::write(&path, content))
                    .map_err(|error| BuildError::cannot("write", &path, &error))?;
            }
            Ok(())
        })?;
        let is_source = |path: &PathBuf| path.extension().is_some_and(|end| end == "c");
        let sources = files.into_iter().map(|(path, _)| path).filter(is_source);
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
    let mut digest = Digest::default();
    for (path, content) in files() {
        digest.add(path.as_os_str().as_encoded_bytes());
        digest.add(content);
    }
    digest.name()
}

fn files() -> Vec<(PathBuf, &'static [u8])> {
    let mut files = Vec::new();
    let folders = [
        ("include", &C_HEADERS),
        ("src", &C_SOURCES),
        ("go", &GO),
        ("zig", &ZIG),
    ];
    for (folder, dir) in folders {
        collect(Path::new(folder), dir, &mut files);
    }
    files.sort_unstable();
    files
}

fn collect(folder: &Path, dir: &Dir<'static>, files: &mut Vec<(PathBuf, &'static [u8])>) {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(dir) => collect(folder, dir, files),
            DirEntry::File(file) => files.push((folder.join(file.path()), file.contents())),
        }
    }
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
            assert!(
                files.iter().any(|(path, _)| path == Path::new(name)),
                "{name}"
            );
        }
    }
}
