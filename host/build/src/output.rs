//! The file that a build writes.
//!
//! Owns that it is replaced as a whole, that builds of one file wait for each other, and what
//! decides whether it is up to date. What it is made of is the languages' to know.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::Options;
use crate::digest::Digest;
use crate::error::BuildError;
use crate::progress::Progress;
use crate::project::Project;
use crate::report::{Built, Report, Sections};

/// The file that a build writes, for as long as the build takes.
#[derive(Debug)]
pub(crate) struct Output {
    /// The component, absolute.
    file: PathBuf,
    /// What the cache has of builds of this file.
    pub(crate) folder: PathBuf,
    begin: Instant,
    _lock: File,
}

/// What is known of the last build.
#[derive(Serialize, Deserialize)]
struct Record {
    /// The digest of all that it was made of.
    inputs: String,
    /// The digest of what it made.
    component: String,
    /// What was told of it.
    report: Report,
}

impl Output {
    /// Begins a build: as the options say, else of `NAME.wasm` in the project's folder.
    pub(crate) fn begin(
        project: &Project,
        options: &Options,
        progress: &mut dyn Progress,
    ) -> Result<Self, BuildError> {
        let begin = Instant::now();
        let usual = project.folder.join(format!("{}.wasm", project.name));
        let file = options.output.clone().unwrap_or(usual);
        let file = std::path::absolute(&file)
            .map_err(|error| BuildError::cannot("write", &file, &error))?;
        let name = Digest::of([file.as_os_str().as_encoded_bytes()]).name();
        let lock = options.cache.lock(&name, progress)?;
        let folder = options.cache.folder("projects")?.join(&name);
        fs::create_dir_all(&folder).map_err(|error| BuildError::cannot("make", &folder, &error))?;
        Ok(Self {
            file,
            folder,
            begin,
            _lock: lock,
        })
    }

    /// The report of the last build, if it made what is there of the same. If it did not, the
    /// build that now follows may fail, and must not leave the record of one that did not.
    pub(crate) fn former(&self, inputs: &str) -> Result<Option<Report>, BuildError> {
        let former = self.read_former(inputs);
        if former.is_none() {
            remove(&self.record())?;
        }
        Ok(former)
    }

    fn read_former(&self, inputs: &str) -> Option<Report> {
        let record: Record = serde_json::from_str(&fs::read_to_string(self.record()).ok()?).ok()?;
        let component = fs::read(&self.file).ok()?;
        let is_same = record.inputs == inputs && record.component == Digest::of([component]).hex();
        is_same.then_some(Report {
            up_to_date: true,
            ..record.report
        })
    }

    /// Ends a build: writes the component, and what is to be known of it.
    pub(crate) fn finish(
        self,
        component: &[u8],
        inputs: String,
        warnings: Vec<String>,
        built: Built,
    ) -> Result<Report, BuildError> {
        self.write(component)
            .map_err(|error| BuildError::cannot("write", &self.file, &error))?;
        let known = Record {
            inputs,
            component: Digest::of([component]).hex(),
            report: Report {
                output: self.file.clone(),
                bytes: component.len() as u64,
                sections: Sections::of(component),
                up_to_date: false,
                milliseconds: self
                    .begin
                    .elapsed()
                    .as_millis()
                    .try_into()
                    .unwrap_or(u64::MAX),
                warnings,
                built,
            },
        };
        let json = serde_json::to_string(&known).expect("a report has a form in JSON");
        let record = self.record();
        fs::write(&record, json).map_err(|error| BuildError::cannot("write", &record, &error))?;
        Ok(known.report)
    }

    fn record(&self) -> PathBuf {
        self.folder.join("record.json")
    }

    fn write(&self, component: &[u8]) -> io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new()
            .prefix(".wasgi-build-")
            .tempfile_in(folder)?;
        file.write_all(component)?;
        allow_reading(file.as_file())?;
        file.persist(&self.file).map_err(|error| error.error)?;
        Ok(())
    }
}

/// A temporary file is for its owner alone; a component is a file like any other.
fn allow_reading(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        file.set_permissions(mode)?;
    }
    Ok(())
}

/// Removes a file, if it is there.
pub(crate) fn remove(file: &Path) -> Result<(), BuildError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(BuildError::cannot("remove", file, &error))
        }
        _ => Ok(()),
    }
}
