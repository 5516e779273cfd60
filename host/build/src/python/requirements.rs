//! What an app needs, from the file that says it.
//!
//! Owns which file counts, and makes one flat list of it: files that it refers to are read here,
//! so that a list is known by its digest. What a line means is pip's to know.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::metadata::{self, Metadata};
use super::wheels::Wheel;
use crate::digest::Digest;
use crate::error::BuildError;
use crate::tree;

/// What an app needs.
#[derive(Clone, Debug, Default)]
pub struct Requirements {
    /// The lines that pip is given.
    lines: Vec<Line>,
    /// Files and folders that lines refer to: their contents count.
    local: Vec<PathBuf>,
    /// Wheels of packages that are taken from nowhere else.
    wheels: Vec<Wheel>,
}

/// A line of a file of requirements.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The line, without comments, joined if it was continued.
    pub(super) text: String,
    /// The file.
    pub(super) file: PathBuf,
    /// Its line, from 1. None: it is in a list of `pyproject.toml`.
    pub(super) number: Option<usize>,
}

impl Requirements {
    /// Whether nothing is needed.
    pub fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.package().is_none())
    }

    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Adds wheels, from which their packages are taken if they are needed.
    pub(super) fn bring(&mut self, wheels: Vec<Wheel>) {
        self.wheels = wheels;
    }

    pub(super) fn wheels(&self) -> &[Wheel] {
        &self.wheels
    }

    /// Whether pip is told the digest of each file, and so must be told all of them.
    pub(super) fn has_hashes(&self) -> bool {
        let mut lines = self.lines.iter();
        lines.any(|line| line.text.contains("--hash") || line.text.starts_with("--require-hashes"))
    }

    /// A digest of all that is said here.
    pub(super) fn digest(&self) -> Result<Digest, BuildError> {
        let mut digest = Digest::of(self.lines.iter().map(|line| &line.text));
        let wheels = self.wheels.iter().map(|wheel| &wheel.file);
        for path in self.local.iter().chain(wheels) {
            digest.add(tree::digest(path)?.hex());
        }
        Ok(digest)
    }

    fn push(&mut self, text: String, file: &Path, number: Option<usize>) {
        let file = file.to_owned();
        self.lines.push(Line { text, file, number });
    }
}

impl Line {
    /// The package that the line names, as indexes spell it. None: it is an option or a path.
    pub(super) fn package(&self) -> Option<String> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&c);
        let name = self.text.split(|c| !is_name(c)).next()?;
        let starts_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        (starts_well && !is_path(&self.text)).then(|| normal(name))
    }
}

/// A package's name, as indexes spell it.
pub(super) fn normal(name: &str) -> String {
    let parts: Vec<_> = name
        .split(['-', '_', '.'])
        .filter(|part| !part.is_empty())
        .collect();
    parts.join("-").to_ascii_lowercase()
}

/// Reads what a project needs: from the file that the settings name, else `requirements.txt`, else
/// `pyproject.toml`.
pub(super) fn read(
    folder: &Path,
    named: Option<&Path>,
    metadata: &Metadata,
    notes: &mut Vec<String>,
) -> Result<Requirements, BuildError> {
    let mut found = Requirements::default();
    let mut reading = Reading { folder, metadata };
    let usual = folder.join("requirements.txt");
    if let Some(file) = named {
        reading.file(&folder.join(file), &mut found, 0)?;
    } else if usual.is_file() {
        reading.file(&usual, &mut found, 0)?;
    } else {
        reading.project(&mut found, 0)?;
        for lock in LOCKS.iter().filter(|lock| folder.join(lock.0).is_file()) {
            let (lock, export) = lock;
            notes.push(format!(
                "{lock} is not read, so versions may differ from it: run `{export}` to pin them"
            ));
        }
    }
    Ok(found)
}

/// Files that pin versions in forms of their own, and how to have them in pip's.
const LOCKS: [(&str, &str); 3] = [
    (
        "uv.lock",
        "uv export --no-hashes --no-emit-project -o requirements.txt",
    ),
    (
        "poetry.lock",
        "poetry export --without-hashes -o requirements.txt",
    ),
    (
        "pdm.lock",
        "pdm export --without-hashes -o requirements.txt",
    ),
];

struct Reading<'a> {
    folder: &'a Path,
    metadata: &'a Metadata,
}

impl Reading<'_> {
    /// What `pyproject.toml` says, or why it does not.
    fn project(&mut self, found: &mut Requirements, depth: usize) -> Result<(), BuildError> {
        let path = self.folder.join(metadata::FILE);
        if let Some(dependencies) = &self.metadata.dependencies {
            for text in dependencies {
                found.push(text.clone(), &path, None);
            }
            return Ok(());
        }
        for file in &self.metadata.files {
            self.file(&self.folder.join(file), found, depth)?;
        }
        if !self.metadata.files.is_empty() {
            return Ok(());
        }
        let unread = if self.metadata.is_poetry {
            Some((path, "[tool.poetry.dependencies]", LOCKS[1].1))
        } else if self.metadata.is_dynamic {
            let how = "pip freeze --exclude-editable > requirements.txt";
            Some((path, "`dynamic` dependencies", how))
        } else if self.folder.join("Pipfile").is_file() {
            let how = "pipenv requirements > requirements.txt";
            Some((self.folder.join("Pipfile"), "the form of Pipenv", how))
        } else {
            None
        };
        let Some((path, got, how)) = unread else {
            return Ok(());
        };
        Err(BuildError::new(format!(
            "expected what the app needs in requirements.txt or in `dependencies` of [project], got {got}"
        ))
        .at(path, None)
        .hint(format!("run `{how}`")))
    }

    fn file(
        &mut self,
        path: &Path,
        found: &mut Requirements,
        depth: usize,
    ) -> Result<(), BuildError> {
        // Limit: DEPTH_MAX
        if depth > DEPTH_MAX {
            let message =
                format!("expected {DEPTH_MAX} files of requirements in each other at most");
            return Err(BuildError::new(message).at(path, None));
        }
        let text = read_text(path)?;
        for (number, line) in logical_lines(&text) {
            self.line(&line, path, number, found, depth)
                .map_err(|error| match error.place() {
                    Some(_) => error,
                    None => error.at(path, Some(number)),
                })?;
        }
        Ok(())
    }

    fn line(
        &mut self,
        line: &str,
        file: &Path,
        number: usize,
        found: &mut Requirements,
        depth: usize,
    ) -> Result<(), BuildError> {
        let beside = file.parent().unwrap_or(self.folder);
        let at = Some(number);
        if let Some(other) = value_of(line, &["-r", "--requirement"]) {
            if is_url(other) {
                let message = format!("expected a file of requirements, got {other}");
                return Err(BuildError::new(message).hint("download it, and name the file"));
            }
            return self.file(&beside.join(other), found, depth + 1);
        }
        if let Some(other) = value_of(line, &["-c", "--constraint"]) {
            let path = beside.join(other);
            if is_url(other) {
                found.push(line.to_owned(), file, at);
            } else {
                found.push(format!("-c {}", path.display()), file, at);
                found.local.push(path);
            }
            return Ok(());
        }
        if let Some(other) = value_of(line, &["-f", "--find-links"]) {
            let path = beside.join(other);
            let other = if path.exists() {
                path.display().to_string()
            } else {
                other.to_owned()
            };
            found.push(format!("--find-links {other}"), file, at);
            return Ok(());
        }
        // What is to be edited must be in the component all the same.
        let line = value_of(line, &["-e", "--editable"]).unwrap_or(line);
        if is_path(line) {
            return self.local(line, file, number, found, depth);
        }
        found.push(line.to_owned(), file, at);
        Ok(())
    }

    fn local(
        &mut self,
        line: &str,
        file: &Path,
        number: usize,
        found: &mut Requirements,
        depth: usize,
    ) -> Result<(), BuildError> {
        let text = line
            .strip_prefix("file://")
            .or(line.strip_prefix("file:"))
            .unwrap_or(line);
        let (path, extras) = match text.split_once('[') {
            Some((path, extras)) => (path, format!("[{extras}")),
            None => (text, String::new()),
        };
        // pip takes paths as its own folder has them, which is the project's.
        let path = self.folder.join(path.trim());
        let path = path
            .canonicalize()
            .map_err(|error| BuildError::cannot("read", &path, &error))?;
        if path == self.folder {
            // Its source is in the component anyway.
            return self.project(found, depth + 1);
        }
        found.push(format!("{}{extras}", path.display()), file, Some(number));
        found.local.push(path);
        Ok(())
    }
}

/// Files of requirements that refer to each other.
const DEPTH_MAX: usize = 8;

/// The value of an option in one of its spellings.
fn value_of<'l>(line: &'l str, names: &[&str]) -> Option<&'l str> {
    names.iter().find_map(|name| {
        let rest = line.strip_prefix(name)?;
        let is_long = name.starts_with("--");
        let is_end = rest.starts_with([' ', '\t', '=']) || (!is_long && !rest.is_empty());
        is_end.then(|| rest.trim_start_matches(['=', ' ', '\t']).trim())
    })
}

fn is_url(text: &str) -> bool {
    text.contains("://") && !text.starts_with("file:")
}

/// Whether a requirement is a file or a folder of this machine.
fn is_path(text: &str) -> bool {
    text.starts_with(['.', '/', '\\']) || text.starts_with("file:")
}

/// The lines as pip reads them, with the number of the first of each.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let (number, mut joined) = open.take().unwrap_or((index + 1, String::new()));
        let line = if line.trim_start().starts_with('#') {
            ""
        } else {
            line.find(" #").map_or(line, |at| &line[..at])
        };
        match line.trim_end().strip_suffix('\\') {
            Some(line) => {
                joined.push_str(line);
                open = Some((number, joined));
            }
            None => {
                joined.push_str(line);
                found.push((number, joined.trim().to_owned()));
            }
        }
    }
    found.extend(open);
    found.retain(|(_, line)| !line.is_empty());
    found
}

/// Reads a text file of a project's settings.
pub(super) fn read_text(path: &Path) -> Result<String, BuildError> {
    let cannot = |error: &std::io::Error| BuildError::cannot("read", path, error);
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(TEXT_BYTES_MAX + 1).read_to_string(&mut text))
        .map_err(|error| cannot(&error))?;
    // Limit: TEXT_BYTES_MAX
    if text.len() as u64 > TEXT_BYTES_MAX {
        let message = format!("expected {TEXT_BYTES_MAX} bytes at most");
        return Err(BuildError::new(message).at(path, None));
    }
    Ok(text)
}

/// Bytes of a file of requirements. A thousand of them with hashes have room in it.
const TEXT_BYTES_MAX: u64 = 4 * 1024 * 1024;

#[cfg(test)]
mod tests;
