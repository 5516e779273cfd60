//! A project's source: which of its files are built from, and a copy of them.
//!
//! Owns what is left out and how much there may be. Tools are given the copy, so that nothing is
//! written into the source and that what was digested is what is built.

use std::collections::BTreeSet;
use std::fs::{self, File, FileTimes};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::digest::Digest;
use crate::error::BuildError;

/// What belongs to a source.
#[derive(Debug)]
pub(crate) struct Filter {
    /// Ends of the names of files that are left out.
    pub(crate) left_out: &'static [&'static str],
    /// What is built from although its name says otherwise.
    pub(crate) include: GlobSet,
}

/// Reads the patterns of what is included although its name says otherwise.
pub(crate) fn patterns(include: &[String]) -> Result<GlobSet, BuildError> {
    let wrong = |error: globset::Error| {
        BuildError::usage(format!("expected patterns such as \"data/*\": {error}"))
    };
    let mut patterns = GlobSetBuilder::new();
    for pattern in include {
        patterns.add(GlobBuilder::new(pattern).build().map_err(wrong)?);
    }
    patterns.build().map_err(wrong)
}

/// What was copied.
#[derive(Debug)]
pub(crate) struct Mirror {
    /// The digest of all names and contents.
    pub(crate) digest: Digest,
    /// Files that were left out for their names, relative to the source.
    pub(crate) left_out: Vec<PathBuf>,
}

/// Makes `copy` hold what `source` has, and nothing else. What is the same is not written.
pub(crate) fn mirror(source: &Path, copy: &Path, filter: &Filter) -> Result<Mirror, BuildError> {
    let mut walk = Walk::new(source, filter);
    walk.folder(Path::new(""))?;
    walk.left_out.sort_unstable();
    let digest = walk.read(|file, content| {
        write(&source.join(file), &copy.join(file), content)
            .map_err(|error| BuildError::cannot("write", &copy.join(file), &error))
    })?;
    remove_others(copy, Path::new(""), &walk.files)
        .map_err(|error| BuildError::cannot("write to", copy, &error))?;
    Ok(Mirror {
        digest,
        left_out: walk.left_out,
    })
}

/// The files of a source, relative to it and in order.
pub(crate) fn files(source: &Path, filter: &Filter) -> Result<BTreeSet<PathBuf>, BuildError> {
    let mut walk = Walk::new(source, filter);
    walk.folder(Path::new(""))?;
    Ok(walk.files)
}

/// The digest of a file, or of all names and contents of a folder.
pub(crate) fn digest(path: &Path) -> Result<Digest, BuildError> {
    if path.is_file() {
        return Ok(Digest::of([read(path, BYTES_MAX)?]));
    }
    let filter = Filter {
        left_out: &[],
        include: GlobSet::empty(),
    };
    filtered_digest(path, &filter)
}

/// The digest of the names and contents of what belongs to a source.
pub(crate) fn filtered_digest(source: &Path, filter: &Filter) -> Result<Digest, BuildError> {
    let mut walk = Walk::new(source, filter);
    walk.folder(Path::new(""))?;
    walk.read(|_, _| Ok(()))
}

struct Walk<'a> {
    source: &'a Path,
    filter: &'a Filter,
    /// Relative to the source.
    files: BTreeSet<PathBuf>,
    left_out: Vec<PathBuf>,
    /// The folders that lead to where the walk is, as they are called without links.
    parents: Vec<PathBuf>,
}

impl<'a> Walk<'a> {
    fn new(source: &'a Path, filter: &'a Filter) -> Self {
        Self {
            source,
            filter,
            files: BTreeSet::new(),
            left_out: Vec::new(),
            parents: Vec::new(),
        }
    }

    /// Reads all files that were found, and gives each to `take`.
    fn read(
        &self,
        take: impl Fn(&Path, &[u8]) -> Result<(), BuildError>,
    ) -> Result<Digest, BuildError> {
        let mut digest = Digest::default();
        let mut bytes = 0;
        for file in &self.files {
            let content = read(&self.source.join(file), BYTES_MAX - bytes)?;
            bytes += content.len() as u64;
            digest.add(file.as_os_str().as_encoded_bytes());
            digest.add(&content);
            take(file, &content)?;
        }
        Ok(digest)
    }

    fn folder(&mut self, folder: &Path) -> Result<(), BuildError> {
        let path = self.source.join(folder);
        let cannot = |error: &io::Error| BuildError::cannot("read", &path, error);
        let real = fs::canonicalize(&path).map_err(|error| cannot(&error))?;
        // A link to a folder that it is in would never end.
        if self.parents.contains(&real) {
            return Ok(());
        }
        self.parents.push(real);
        for entry in fs::read_dir(&path).map_err(|error| cannot(&error))? {
            let entry = entry.map_err(|error| cannot(&error))?;
            let name = entry.file_name();
            let relative = folder.join(&name);
            // A link that leads nowhere, as editors leave them.
            let Ok(data) = fs::metadata(entry.path()) else {
                continue;
            };
            let name = name.to_string_lossy();
            if data.is_dir() && !is_foreign(&entry.path(), &name) && self.may_hold(&name) {
                self.folder(&relative)?;
            } else if data.is_file() {
                self.file(relative, &name)?;
            }
        }
        self.parents.pop();
        Ok(())
    }

    /// Whether files of a folder may be built from. Hidden ones are for tools, unless asked for.
    fn may_hold(&self, name: &str) -> bool {
        !name.starts_with('.') || !self.filter.include.is_empty()
    }

    fn file(&mut self, relative: PathBuf, name: &str) -> Result<(), BuildError> {
        let is_hidden = relative
            .iter()
            .any(|part| part.as_encoded_bytes().starts_with(b"."));
        let is_left_out = self.filter.left_out.iter().any(|end| name.ends_with(end));
        if (is_hidden || is_left_out) && !self.filter.include.is_match(&relative) {
            // Limit: LEFT_OUT_MAX
            if is_left_out && self.left_out.len() < LEFT_OUT_MAX {
                self.left_out.push(relative);
            }
            return Ok(());
        }
        self.files.insert(relative);
        // Limit: FILES_MAX
        if self.files.len() > FILES_MAX {
            return Err(BuildError::new(format!(
                "cannot build {}: it has more than {FILES_MAX} files",
                self.source.display()
            ))
            .hint("build the folder that has the app's source alone, or move data out of it"));
        }
        Ok(())
    }
}

/// Files of one source. Large web applications have some thousands.
const FILES_MAX: usize = 20_000;

/// Bytes of one source. They are read for each build.
const BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Files that are told to have been left out.
const LEFT_OUT_MAX: usize = 100;

/// Whether a folder is no source of the project: what a tool made, or an environment of Python.
fn is_foreign(path: &Path, name: &str) -> bool {
    const FOREIGN: [&str; 6] = [
        "__pycache__",
        "node_modules",
        ".git",
        ".hg",
        ".svn",
        ".venv",
    ];
    FOREIGN.contains(&name) || path.join("pyvenv.cfg").is_file()
}

/// Reads a whole file, of `room` bytes at most.
fn read(path: &Path, room: u64) -> Result<Vec<u8>, BuildError> {
    let mut content = Vec::new();
    File::open(path)
        .and_then(|file| file.take(room + 1).read_to_end(&mut content))
        .map_err(|error| BuildError::cannot("read", path, &error))?;
    // Limit: BYTES_MAX
    if content.len() as u64 > room {
        let most = BYTES_MAX / 1024 / 1024;
        let message =
            format!("the source has more than {most} MiB, of which this file is the last");
        return Err(BuildError::new(message)
            .at(path, None)
            .hint("move data out of the source, and grant its folder with [[app.dir]]"));
    }
    Ok(content)
}

fn write(source: &Path, copy: &Path, content: &[u8]) -> io::Result<()> {
    if fs::read(copy).is_ok_and(|old| old == content) {
        return Ok(());
    }
    if let Some(folder) = copy.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(copy, content)?;
    // Byte code is kept for a source with this time.
    if let Ok(time) = fs::metadata(source).and_then(|data| data.modified()) {
        let copy = File::options().write(true).open(copy)?;
        copy.set_times(FileTimes::new().set_modified(time))?;
    }
    Ok(())
}

/// Removes what the source has not, or has no more. Whether any file is left in the folder.
fn remove_others(copy: &Path, folder: &Path, files: &BTreeSet<PathBuf>) -> io::Result<bool> {
    let mut is_used = false;
    for entry in fs::read_dir(copy.join(folder))? {
        let entry = entry?;
        let relative = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            is_used |= remove_others(copy, &relative, files)?;
        } else if files.contains(&relative) {
            is_used = true;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    if !is_used && folder != Path::new("") {
        fs::remove_dir(copy.join(folder))?;
    }
    Ok(is_used)
}

#[cfg(test)]
mod tests;
