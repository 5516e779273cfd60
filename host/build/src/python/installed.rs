//! What pip has installed into a folder.
//!
//! Owns how an installation describes itself: `NAME-VERSION.dist-info` with its METADATA and
//! RECORD.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use super::requirements::normal;
use crate::error::BuildError;

/// A package that is installed.
#[derive(Debug)]
pub(super) struct Package {
    /// Its name as indexes spell it.
    pub(super) name: String,
    /// Its version.
    pub(super) version: String,
    /// Its files, relative to the folder. What describes it is among them.
    pub(super) files: Vec<PathBuf>,
    /// The packages that it may need.
    pub(super) needs: Vec<String>,
}

/// All packages in a folder, in the order of their names.
pub(super) fn packages(folder: &Path) -> Result<Vec<Package>, BuildError> {
    let cannot = |error: &io::Error| BuildError::cannot("read", folder, error);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| cannot(&error))? {
        let entry = entry.map_err(|error| cannot(&error))?;
        let path = entry.path();
        if path.extension().is_some_and(|end| end == "dist-info") {
            found.push(package(&path)?);
        }
    }
    found.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

fn package(described: &Path) -> Result<Package, BuildError> {
    let read = |name: &str| super::requirements::read_text(&described.join(name));
    let metadata = read("METADATA")?;
    // The head ends with an empty line; the rest is the package's description.
    let head = metadata.split("\n\n").next().unwrap_or("");
    let field = |name: &str| {
        let mut lines = head.lines();
        lines.find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
    };
    let needs = head.lines().filter_map(|line| {
        let need = line.strip_prefix("Requires-Dist:")?.trim();
        let is_name = |c: char| c.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&c);
        Some(normal(need.split(|c| !is_name(c)).next()?))
    });
    Ok(Package {
        name: normal(&field("Name:").unwrap_or_default()),
        version: field("Version:").unwrap_or_default(),
        needs: needs.collect(),
        files: read("RECORD")?.lines().filter_map(recorded).collect(),
    })
}

/// The file of a line of RECORD, which is CSV. None: it lies elsewhere.
fn recorded(line: &str) -> Option<PathBuf> {
    let file = match line.strip_prefix('"') {
        Some(rest) => rest.split('"').next()?,
        None => line.split(',').next()?,
    };
    let path = Path::new(file);
    let is_within = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    (is_within && !file.is_empty()).then(|| path.to_owned())
}

/// Whether a file is native code that the guest cannot run.
pub(super) fn is_native(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let is_library = [".so", ".pyd", ".dylib", ".dll"]
        .iter()
        .any(|end| name.ends_with(end))
        || name.contains(".so.");
    is_library && file.is_file() && !is_linked(file)
}

/// Whether a file is a library for the guest, which componentize-py links into the component.
pub(super) fn is_linked(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    LINKED.iter().any(|end| name.ends_with(end)) && is_wasm(file)
}

/// How the names of such libraries end.
const LINKED: [&str; 2] = [".cpython-314-wasm32-wasi.so", ".abi3.so"];

fn is_wasm(file: &Path) -> bool {
    let mut magic = [0; 4];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == *b"\0asm"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_describes_itself() {
        let folder = tempfile::tempdir().unwrap();
        let described = folder.path().join("Flask_X-3.1.dist-info");
        fs::create_dir(&described).unwrap();
        fs::write(
            described.join("METADATA"),
            "Metadata-Version: 2.1\nName: Flask_X\nVersion: 3.1\n\
             Requires-Dist: Werkzeug>=3.1\nRequires-Dist: a.b ; extra == \"x\"\n\nName: no",
        )
        .unwrap();
        fs::write(
            described.join("RECORD"),
            "flask/app.py,sha256=x,1\n\"a,b.py\",,\n../../bin/flask,,\n/etc/passwd,,\n",
        )
        .unwrap();
        let found = packages(folder.path()).unwrap();
        assert_eq!(found[0].name, "flask-x");
        assert_eq!(found[0].version, "3.1");
        assert_eq!(found[0].needs, ["werkzeug", "a-b"]);
        assert_eq!(
            found[0].files,
            [Path::new("flask/app.py"), Path::new("a,b.py")]
        );
    }

    #[test]
    fn libraries_for_the_guest_are_not_native() {
        let folder = tempfile::tempdir().unwrap();
        let check = |name: &str, content: &[u8]| {
            let file = folder.path().join(name);
            fs::write(&file, content).unwrap();
            is_native(&file)
        };
        assert!(check("a.cpython-314-x86_64-linux-gnu.so", b"\x7fELF"));
        assert!(check("b.so.1", b"\x7fELF"));
        assert!(!check("c.cpython-314-wasm32-wasi.so", b"\0asm\x01"));
        // What Pyodide runs is WebAssembly too.
        assert!(check("c.cpython-314-wasm32-emscripten.so", b"\0asm\x01"));
        assert!(!check("d.py", b""));
        assert!(!is_native(&folder.path().join("gone.so")));
    }
}
