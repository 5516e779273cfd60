//! The folder of a project, which is made as a whole or not at all.
//!
//! Owns where files are written. It replaces nothing that is there.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::templates::Files;
use crate::failure::{Failure, cannot};

/// Writes the files beside their place, and then moves them there.
pub(super) fn write(folder: &Path, files: &Files) -> Result<(), Failure> {
    let shown = folder.display();
    let is_there = match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => true,
        Ok(false) => {
            let failure = Failure::usage(format!(
                "expected a new or an empty folder, but {shown} has files"
            ));
            return Err(failure.hint("name another folder: nothing is replaced"));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(Failure::usage(format!(
                "expected a folder, but {shown} is in or is a file"
            )));
        }
        Err(error) => return Err(cannot(&format!("read {shown}"), &error)),
    };
    let beside = match folder.parent() {
        _ if is_there => folder,
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    place(folder, is_there, beside, files)
        .map_err(|error| cannot(&format!("make the project in {shown}"), &error))
}

fn place(folder: &Path, is_there: bool, beside: &Path, files: &Files) -> io::Result<()> {
    let part = tempfile::Builder::new()
        .prefix(".wasgi-new-")
        .tempdir_in(beside)?;
    // The temporary folder itself is for its owner alone.
    let whole = part.path().join("project");
    fs::create_dir(&whole)?;
    for (path, content) in files {
        let path = whole.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, content)?;
    }
    if !is_there {
        return fs::rename(whole, folder);
    }
    // It stays the folder that it was: whoever called this may be in it.
    for entry in fs::read_dir(&whole)? {
        let entry = entry?;
        fs::rename(entry.path(), folder.join(entry.file_name()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;

    fn names(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into())
            .collect()
    }

    #[test]
    fn a_project_is_made_as_a_whole_or_not_at_all() {
        let place = tempfile::tempdir().unwrap();
        let file = |path: &str| (PathBuf::from(path), b"x".as_slice().into());
        let good: Files = BTreeMap::from([file("a"), file("b/c")]);
        // What is a file cannot be a folder, too.
        let bad: Files = BTreeMap::from([file("a"), file("a/b")]);

        let folder = place.path().join("new");
        write(&folder, &bad).unwrap_err();
        assert_eq!(names(place.path()), Vec::<PathBuf>::new());
        write(&folder, &good).unwrap();
        assert_eq!(fs::read(folder.join("b/c")).unwrap(), b"x");
        assert_eq!(names(place.path()), [Path::new("new")]);

        let empty = place.path().join("empty");
        fs::create_dir(&empty).unwrap();
        write(&empty, &bad).unwrap_err();
        assert_eq!(names(&empty), Vec::<PathBuf>::new());
        write(&empty, &good).unwrap();
        assert_eq!(names(&empty).len(), 2);
        write(&empty, &good).unwrap_err();
    }
}
