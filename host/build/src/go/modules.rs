//! The modules that a project is built of.
//!
//! Owns what its `go.mod` says of them, and where the SDK is: the project names it and need not
//! know where. The project's own files stay as they are.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::BuildError;
use crate::sdk::GO_MODULE;

/// What a project says of its modules.
#[derive(Clone, Debug)]
pub(super) struct Modules {
    folder: PathBuf,
    text: String,
}

impl Modules {
    /// Reads the `go.mod` of a folder.
    pub(super) fn read(folder: &Path) -> Result<Self, BuildError> {
        let file = folder.join("go.mod");
        let text =
            fs::read_to_string(&file).map_err(|error| BuildError::cannot("read", &file, &error))?;
        Ok(Self {
            folder: folder.to_path_buf(),
            text,
        })
    }

    /// The folders on this machine that stand for other modules.
    pub(super) fn local(&self) -> Vec<PathBuf> {
        let paths = self.replaced().map(|(_, path)| self.folder.join(path));
        // One that is not there is Go's to tell.
        paths.filter(|path| path.is_dir()).collect()
    }

    /// The modules for which a folder of this machine stands, each with it.
    fn replaced(&self) -> impl Iterator<Item = (&str, &str)> {
        self.text.lines().filter_map(|line| {
            let line = line.split("//").next()?.trim();
            let (old, new) = line.split_once("=>")?;
            let old = old.trim().trim_start_matches("replace").trim();
            let new = new.trim().trim_matches(['"', '`']);
            let is_path = new.starts_with("./") || new.starts_with("../") || new.starts_with('/');
            is_path.then_some((old.split(' ').next()?, new))
        })
    }

    /// Writes what the project is built with in place of its `go.mod`: the same, with the SDK.
    /// None if the project brings all that it needs along.
    pub(super) fn write(
        &self,
        folder: &Path,
        made: &Path,
        sdk: &Path,
    ) -> Result<Option<PathBuf>, BuildError> {
        let has_sdk = self.replaced().any(|(module, _)| module == GO_MODULE);
        if has_sdk || folder.join("vendor/modules.txt").is_file() {
            return Ok(None);
        }
        let modfile = made.join("go.mod");
        let sdk = sdk.display();
        let text = format!(
            "{}\nrequire {GO_MODULE} v0.1.0\nreplace {GO_MODULE} => \"{sdk}\"\n",
            self.text
        );
        let cannot = |error: &std::io::Error| BuildError::cannot("write", &modfile, error);
        fs::write(&modfile, text).map_err(|error| cannot(&error))?;
        // Go looks for it beside the file above.
        let sums = fs::read(folder.join("go.sum")).unwrap_or_default();
        fs::write(made.join("go.sum"), sums).map_err(|error| cannot(&error))?;
        Ok(Some(modfile))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modules(text: &str) -> Modules {
        Modules {
            folder: PathBuf::from("/project"),
            text: text.to_owned(),
        }
    }

    #[test]
    fn folders_that_stand_for_modules_are_found() {
        let modules = modules(
            "module a\nreplace b => ../b\nreplace (\n\tc v1.0.0 => ./c // near\n\
             \td => example.org/d v1.0.0\n)\n// replace e => ../e\n",
        );
        let replaced: Vec<_> = modules.replaced().collect();
        assert_eq!(replaced, [("b", "../b"), ("c", "./c")]);
    }

    #[test]
    fn the_sdk_is_added_unless_the_project_has_it() {
        let made = tempfile::tempdir().unwrap();
        let sdk = Path::new("/cache/sdk");
        let own = modules("module a\nreplace wasgi => ../sdk\n");
        assert_eq!(own.write(made.path(), made.path(), sdk).unwrap(), None);
        let other = modules("module a\n");
        let written = other
            .write(Path::new("/nowhere"), made.path(), sdk)
            .unwrap();
        let text = fs::read_to_string(written.unwrap()).unwrap();
        assert!(text.contains("replace wasgi => \"/cache/sdk\""), "{text}");
    }
}
