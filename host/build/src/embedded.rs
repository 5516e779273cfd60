//! Files that this program carries, and how they come to lie in a folder of the cache.
//!
//! Owns their digest and their writing. Which files they are is said where they are used.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use include_dir::{Dir, File};

use crate::digest::Digest;
use crate::error::BuildError;

/// Files by their place in the folder where they will lie.
#[derive(Debug, Default)]
pub(crate) struct Embedded(BTreeMap<PathBuf, &'static [u8]>);

impl Embedded {
    /// Adds what lies in a folder and in the folders within it.
    ///
    /// Only names with one of these `ends` count: a folder of source also has what whoever tested
    /// it has left there.
    pub(crate) fn tree(self, place: &str, dir: &'static Dir<'static>, ends: &[&str]) -> Self {
        let mut embedded = self.folder(place, dir, ends);
        for dir in dir.dirs() {
            embedded = embedded.tree(place, dir, ends);
        }
        embedded
    }

    /// Adds what lies in a folder itself.
    pub(crate) fn folder(self, place: &str, dir: &'static Dir<'static>, ends: &[&str]) -> Self {
        dir.files()
            .filter(|file| has_end(file, ends))
            .fold(self, |embedded, file| {
                let path = Path::new(place).join(file.path());
                embedded.file(path, file.contents())
            })
    }

    /// Adds one file.
    pub(crate) fn file(mut self, place: impl Into<PathBuf>, content: &'static [u8]) -> Self {
        self.0.insert(place.into(), content);
        self
    }

    /// The places of the files, in order.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// The digest of all of them.
    pub(crate) fn digest(&self) -> String {
        let mut digest = Digest::default();
        for (path, content) in &self.0 {
            digest.add(path.as_os_str().as_encoded_bytes());
            digest.add(content);
        }
        digest.name()
    }

    /// Writes them below a folder.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), BuildError> {
        for (path, content) in &self.0 {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap_or(folder))
                .and_then(|()| fs::write(&path, content))
                .map_err(|error| BuildError::cannot("write", &path, &error))?;
        }
        Ok(())
    }
}

/// Whether a path has this end after its last dot.
pub(crate) fn ends_with(path: &Path, end: &str) -> bool {
    path.extension().is_some_and(|found| found == end)
}

fn has_end(file: &File<'_>, ends: &[&str]) -> bool {
    ends.iter().any(|end| ends_with(file.path(), end))
}

#[cfg(test)]
mod tests {
    use include_dir::include_dir;

    use super::*;

    static HERE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/js");

    #[test]
    fn the_wanted_files_lie_where_they_are_to() {
        let top = Embedded::default().folder("a/b", &HERE, &["rs"]);
        assert!(top.paths().any(|path| path == Path::new("a/b/tool.rs")));
        assert!(!top.paths().any(|path| path.starts_with("a/b/tools")));

        let all = Embedded::default().tree("", &HERE, &["rs", "json"]);
        let folder = tempfile::tempdir().unwrap();
        all.write(folder.path()).unwrap();
        let written = fs::read_to_string(folder.path().join("tools/package.json")).unwrap();
        assert_eq!(written, include_str!("js/tools/package.json"));
        assert_ne!(top.digest(), all.digest());
    }
}
