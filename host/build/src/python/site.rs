//! The requirements of an app, installed into the cache for the guest.
//!
//! Owns that nothing is in them that cannot run there, and what a developer is told of what is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::installed::{self, Package};
use super::interpreter::{self, Interpreter};
use super::native::{self, Verdict};
use super::pip::{self, For, missing};
use super::requirements::{Requirements, normal};
use super::tool;
use crate::cache::Cache;
use crate::error::BuildError;
use crate::process::{self, Ended};
use crate::progress::Progress;

/// Installed requirements.
#[derive(Debug)]
pub struct Site {
    /// The folder that is on the app's path. It is never changed once it stands.
    pub folder: PathBuf,
    /// What is in it.
    pub(super) contents: Contents,
}

impl Site {
    /// Whether it has libraries, which a component must be linked with to run what is in it.
    pub fn has_libraries(&self) -> bool {
        !self.contents.linked.is_empty()
    }
}

/// What installed requirements consist of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Contents {
    /// The packages, such as `flask 3.1.3`.
    pub(super) packages: Vec<String>,
    /// Those of them whose native parts are left out.
    pub(super) without_native: Vec<String>,
    /// Those of them with libraries for the guest, which are linked into the component.
    #[serde(default)]
    pub(super) linked: Vec<String>,
    /// The packages that are left out, since those that use them do without.
    pub(super) left_out: Vec<String>,
}

/// Installs requirements, unless the cache has them.
pub(super) fn install(
    folder: &Path,
    requirements: &Requirements,
    cache: &Cache,
    progress: &mut dyn Progress,
) -> Result<Site, BuildError> {
    refuse_at_once(requirements)?;
    let mut digest = requirements.digest()?;
    digest.add(RULES);
    let entry = cache.entry("site", &digest.name(), progress, |entry, progress| {
        let python = interpreter::find(cache, progress)?;
        let mut installation = Installation {
            python: &python,
            folder,
            requirements,
            entry,
            site: entry.join(SITE),
            progress,
        };
        installation.run()
    })?;
    let described = entry.join(CONTENTS);
    let text = fs::read_to_string(&described)
        .map_err(|error| BuildError::cannot("read", &described, &error))?;
    let contents = serde_json::from_str(&text).map_err(|error| {
        BuildError::new(format!("cannot read {}: {error}", described.display()))
    })?;
    let folder = entry.join(SITE);
    Ok(Site { folder, contents })
}

/// Changes with the rules by which is installed, so that what older ones installed is not used.
const RULES: &str = "2";

/// What is in an entry of the cache.
const SITE: &str = "site";
const CONTENTS: &str = "contents.json";

/// Refuses what is known by name before anything is downloaded: some of these are large.
fn refuse_at_once(requirements: &Requirements) -> Result<(), BuildError> {
    for line in requirements.lines() {
        let Some(name) = line.package() else { continue };
        let mut brought = requirements.wheels().iter();
        if brought.any(|wheel| wheel.package == name) {
            continue;
        }
        if let Some(way_out) = native::refused(&name) {
            return Err(BuildError::new(format!(
                "`{name}` has native code, which cannot run in WebAssembly"
            ))
            .at(&line.file, line.number)
            .hint(way_out));
        }
    }
    Ok(())
}

struct Installation<'a> {
    python: &'a Interpreter,
    /// The project's.
    folder: &'a Path,
    requirements: &'a Requirements,
    entry: &'a Path,
    site: PathBuf,
    progress: &'a mut dyn Progress,
}

impl Installation<'_> {
    fn run(&mut self) -> Result<(), BuildError> {
        let mut built = Vec::new();
        loop {
            let ended = self.pip()?;
            if ended.status.success() {
                break;
            }
            let missing = missing(&ended.output);
            // What was built and is still missing does not fit.
            match missing {
                // Limit: SOURCES_MAX
                Some(missing) if !built.contains(&missing) && built.len() < SOURCES_MAX => {
                    self.build(&missing, &ended)?;
                    built.push(missing);
                }
                _ => return Err(self.failed(&ended)),
            }
        }
        fs::remove_dir_all(self.wheels()).unwrap_or_default();
        // Programs for this machine.
        fs::remove_dir_all(self.site.join("bin")).unwrap_or_default();
        let contents = self.without_native()?;
        let json = serde_json::to_string(&contents).expect("texts have a form in JSON");
        let path = self.entry.join(CONTENTS);
        fs::write(&path, json).map_err(|error| BuildError::cannot("write", &path, &error))
    }

    fn pip(&mut self) -> Result<Ended, BuildError> {
        let count = self.requirements.lines().iter();
        let count = count.filter(|line| line.package().is_some()).count();
        self.progress.step(&match count {
            0 => "installing time zones".to_owned(),
            1 => "installing 1 requirement".to_owned(),
            _ => format!("installing {count} requirements"),
        });
        // What an attempt that failed has left.
        fs::remove_dir_all(&self.site).unwrap_or_default();
        fs::create_dir_all(&self.site)
            .map_err(|error| BuildError::cannot("make", &self.site, &error))?;
        let (list, constraints) = (self.list()?, self.constraints()?);
        let mut command = pip::command(self.python, For::Guest, self.folder);
        command.args([
            "install",
            "--no-compile",
            "--no-warn-script-location",
            "--target",
        ]);
        command.arg(&self.site);
        pip::take_wheels_for_guest(&mut command);
        command.arg("--find-links").arg(self.wheels());
        command.arg("-r").arg(list).arg("-c").arg(constraints);
        process::run(command, "install the requirements", self.progress)
    }

    /// The requirements as a file for pip, and time zones, which Python has in a package.
    fn list(&self) -> Result<PathBuf, BuildError> {
        let lines = self.requirements.lines();
        let mut list: Vec<_> = lines.iter().map(|line| &*line.text).collect();
        let is_zones = |name: Option<String>| name.as_deref() == Some("tzdata");
        if !lines.iter().any(|line| is_zones(line.package())) {
            list.push(if self.requirements.has_hashes() {
                tool::TIME_ZONES
            } else {
                "tzdata"
            });
        }
        let path = self.entry.join("requirements.txt");
        fs::create_dir_all(self.wheels())
            .and_then(|()| fs::write(&path, list.join("\n") + "\n"))
            .map_err(|error| BuildError::cannot("write", &path, &error))?;
        Ok(path)
    }

    /// The packages that the project has wheels of, as a file for pip.
    fn constraints(&self) -> Result<PathBuf, BuildError> {
        let wheels = self.requirements.wheels().iter();
        let list: String = wheels.map(|wheel| wheel.constraint() + "\n").collect();
        let path = self.entry.join("constraints.txt");
        fs::write(&path, list).map_err(|error| BuildError::cannot("write", &path, &error))?;
        Ok(path)
    }

    fn wheels(&self) -> PathBuf {
        self.entry.join("wheels")
    }

    /// Builds the wheel of a package that only its source is published of.
    fn build(&mut self, requirement: &str, refused: &Ended) -> Result<(), BuildError> {
        self.progress
            .step(&format!("building {requirement} from its source"));
        let name = name_of(requirement);
        let mut command = pip::command(self.python, For::Machine, self.folder);
        command.args(["wheel", "--no-deps", "--no-binary", &name, "--wheel-dir"]);
        command.arg(self.wheels());
        self.add_indexes(&mut command);
        command.arg(requirement);
        let ended = process::run(command, "build a package from its source", self.progress)?;
        if !ended.status.success() {
            // If there is no source either, pip's first answer is the better one.
            if missing(&ended.output).is_some() {
                return Err(self.failed(refused));
            }
            let message = format!(
                "cannot build `{requirement}` from its source: no wheel of it is published"
            );
            return Err(BuildError::new(message)
                .hint(hint_for(&name))
                .output(ended.output));
        }
        let wheels = fs::read_dir(self.wheels()).into_iter().flatten().flatten();
        let is_native = |file: &str| file.ends_with(".whl") && !file.ends_with("-none-any.whl");
        for wheel in wheels {
            let file = wheel.file_name().to_string_lossy().into_owned();
            if is_native(&file) && normal(file.split('-').next().unwrap_or("")) == normal(&name) {
                return Err(native_error(&name, None, &self.place_of(&name)).hint(hint_for(&name)));
            }
        }
        Ok(())
    }

    /// The options of the list that say where packages are found.
    fn add_indexes(&self, command: &mut Command) {
        for line in self.requirements.lines() {
            if line.text.starts_with("--") {
                let (option, value) = line.text.split_once([' ', '=']).unwrap_or((&line.text, ""));
                if [
                    "--index-url",
                    "--extra-index-url",
                    "--find-links",
                    "--trusted-host",
                ]
                .contains(&option)
                {
                    command.arg(option).arg(value.trim());
                }
            }
        }
    }

    fn failed(&self, ended: &Ended) -> BuildError {
        let error = match missing(&ended.output) {
            Some(missing) => {
                let error = BuildError::new(format!(
                    "there is no release of `{missing}` that fits Python 3.14, which the guest has"
                ));
                let error = error
                    .hint("check the name and the version, and whether the index can be reached");
                match self.place_of(&name_of(&missing)) {
                    Some((file, line)) => error.at(file, line),
                    None => error,
                }
            }
            None => BuildError::new("pip cannot install the requirements"),
        };
        error.output(ended.output.clone())
    }

    fn place_of(&self, name: &str) -> Option<(PathBuf, Option<usize>)> {
        let mut lines = self.requirements.lines().iter();
        let line = lines.find(|line| line.package().as_deref() == Some(&normal(name)))?;
        Some((line.file.clone(), line.number))
    }

    /// Leaves out what is native, or refuses it.
    fn without_native(&self) -> Result<Contents, BuildError> {
        let packages = installed::packages(&self.site)?;
        let mut contents = Contents::default();
        for package in &packages {
            let title = format!("{} {}", package.name, package.version);
            let files = package.files.iter().map(|file| self.site.join(file));
            let native: Vec<_> = files
                .clone()
                .filter(|file| installed::is_native(file))
                .collect();
            if native.is_empty() {
                if files.clone().any(|file| installed::is_linked(&file)) {
                    contents.linked.push(title.clone());
                }
                contents.packages.push(title);
                continue;
            }
            match native::verdict(&package.name, &package.version) {
                Some(Verdict::WithoutNative) => {
                    remove(native.into_iter())?;
                    contents.packages.push(title.clone());
                    contents.without_native.push(title);
                }
                Some(Verdict::LeftOut) => {
                    remove(files.filter(|file| file.is_file()))?;
                    contents.left_out.push(title);
                }
                Some(Verdict::Refused(way_out)) => {
                    return Err(self.refuse(package, &packages).hint(way_out));
                }
                None => {
                    let file = native[0].strip_prefix(&self.site).unwrap_or(&native[0]);
                    let way_out = format!(
                        "{} is no library for the guest's Python; {}",
                        file.display(),
                        hint_for(&package.name)
                    );
                    return Err(self.refuse(package, &packages).hint(way_out));
                }
            }
        }
        Ok(contents)
    }

    fn refuse(&self, package: &Package, packages: &[Package]) -> BuildError {
        let mut by = packages.iter();
        let by = by.find(|other| other.needs.contains(&package.name));
        let by = by.map(|by| format!("{} {}", by.name, by.version));
        native_error(
            &format!("{} {}", package.name, package.version),
            by.as_deref(),
            &self.place_of(&package.name),
        )
    }
}

/// Packages that are built from their sources for one app.
const SOURCES_MAX: usize = 32;

fn native_error(
    title: &str,
    by: Option<&str>,
    place: &Option<(PathBuf, Option<usize>)>,
) -> BuildError {
    let by = by.map_or(String::new(), |by| format!(", which {by} needs,"));
    let error = BuildError::new(format!(
        "`{title}`{by} has native code, which cannot run in WebAssembly"
    ));
    match place {
        Some((file, line)) => error.at(file, *line),
        None => error,
    }
}

fn hint_for(name: &str) -> String {
    match native::refused(&normal(name)) {
        Some(way_out) => way_out.to_owned(),
        None => "look for a release or another package that is Python alone".to_owned(),
    }
}

fn remove(files: impl Iterator<Item = PathBuf>) -> Result<(), BuildError> {
    for file in files {
        fs::remove_file(&file).map_err(|error| BuildError::cannot("remove", &file, &error))?;
    }
    Ok(())
}

fn name_of(requirement: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&c);
    requirement
        .split(|c| !is_name(c))
        .next()
        .unwrap_or("")
        .to_owned()
}
