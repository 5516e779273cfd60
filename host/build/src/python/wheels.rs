//! Wheels that a project brings along: packages with native code, built for the guest.
//!
//! Owns which of a folder's files they are and what their names say. Whether a wheel fits is pip's
//! to know, and whether its libraries do is `installed`'s.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::requirements::normal;
use crate::error::BuildError;

/// A wheel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wheel {
    /// The package, as indexes spell it.
    pub(super) package: String,
    /// The file, absolute.
    pub(super) file: PathBuf,
}

impl Wheel {
    /// The line by which pip takes the package from this file, if it is needed at all.
    pub(super) fn constraint(&self) -> String {
        let file = self.file.to_string_lossy();
        let url = utf8_percent_encode(&file, NOT_IN_PATHS);
        format!("{} @ file://{url}", self.package)
    }
}

const NOT_IN_PATHS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.');

/// The wheels in a folder, in the order of their packages.
pub(super) fn read(folder: &Path) -> Result<Vec<Wheel>, BuildError> {
    let cannot = |error: &io::Error| BuildError::cannot("read the wheels in", folder, error);
    let folder = fs::canonicalize(folder).map_err(|error| cannot(&error))?;
    let mut wheels: Vec<Wheel> = Vec::new();
    for entry in fs::read_dir(&folder).map_err(|error| cannot(&error))? {
        let file = entry.map_err(|error| cannot(&error))?.path();
        if file.extension().is_none_or(|end| end != "whl") {
            continue;
        }
        let Some(package) = package_of(&file) else {
            let message = format!("expected the name of a wheel, such as `shop-1.0-{TAG}.whl`");
            return Err(BuildError::usage(message).at(file, None));
        };
        // Limit: WHEELS_MAX
        if wheels.len() == WHEELS_MAX {
            let message = format!("expected {WHEELS_MAX} wheels at most in one folder");
            return Err(BuildError::usage(message).at(folder, None));
        }
        wheels.push(Wheel { package, file });
    }
    wheels.sort_unstable_by(|one, other| one.package.cmp(&other.package));
    if wheels.is_empty() {
        return Err(BuildError::usage("expected wheels, got none").at(folder, None));
    }
    if let Some([one, other]) = wheels
        .array_windows()
        .find(|[one, other]| one.package == other.package)
    {
        let file = other.file.display();
        let message = format!("expected one wheel of `{}`, got also {file}", one.package);
        return Err(BuildError::usage(message)
            .at(&one.file, None)
            .hint("remove one of the two"));
    }
    Ok(wheels)
}

/// Wheels in one folder. Each is a package whose version is chosen by it.
const WHEELS_MAX: usize = 100;

/// What fits the guest.
const TAG: &str = "cp314-cp314-wasi_0_0_0_wasm32";

/// The package of a wheel: `NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl`.
fn package_of(file: &Path) -> Option<String> {
    let name = file.file_stem()?.to_str()?;
    let parts: Vec<_> = name.split('-').collect();
    let is_whole = matches!(parts.len(), 5 | 6) && parts.iter().all(|part| !part.is_empty());
    is_whole.then(|| normal(parts[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_has_a_wheel_of_each_package() {
        let folder = folder(&[
            "pydantic_core-2.50.4-cp314-cp314-wasi_0_0_0_wasm32.whl",
            "a.b-1-2-py3-none-any.whl",
            "README.md",
        ]);
        let wheels = read(folder.path()).unwrap();
        let packages: Vec<_> = wheels.iter().map(|wheel| &*wheel.package).collect();
        assert_eq!(packages, ["a-b", "pydantic-core"]);
    }

    #[test]
    fn a_folder_that_says_two_things_or_nothing_is_refused() {
        let message = |names: &[&str]| {
            let error = read(folder(names).path()).unwrap_err();
            assert!(error.is_usage());
            error.message().to_owned()
        };
        assert_eq!(message(&["README.md"]), "expected wheels, got none");
        assert!(message(&["shop-1.0.whl"]).contains("such as `shop-1.0-cp314-"));
        let two = ["a_b-1-py3-none-any.whl", "A.B-2-py3-none-any.whl"];
        assert!(message(&two).contains("one wheel of `a-b`"));
        let gone = read(&folder(&[]).path().join("gone")).unwrap_err();
        assert!(gone.message().contains("no such file or folder"));
    }

    #[test]
    fn a_constraint_names_the_file_whatever_it_is_called() {
        let wheel = Wheel {
            package: "a-b".to_owned(),
            file: PathBuf::from("/my wheels#1/é/a_b-1-py3-none-any.whl"),
        };
        assert_eq!(
            wheel.constraint(),
            "a-b @ file:///my%20wheels%231/%C3%A9/a_b-1-py3-none-any.whl"
        );
    }
}
