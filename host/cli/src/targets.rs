//! Targets: from the files and folders of the command line to apps.
//!
//! Owns what a target may be and where its apps are mounted. Whether a file is a component is the
//! gateway's to say.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use wasgi_build::Settings;
use wasgi_gateway::{AppSettings, Reuse};
use wasgi_server::{PathPattern, Route};

use crate::args::{IsolationChoice, ServeArgs};
use crate::failure::{Failure, Failures, reason};
use crate::manifest::{self, BuildTable, Manifest, WEIGHT};
use crate::plan::{PlannedApp, Sources, isolation, name_of};
use crate::source::{self, PlannedSource};

/// The manifest that a folder is served by.
pub(crate) const MANIFEST: &str = "wasgi.toml";

/// What the targets hold.
#[derive(Debug)]
pub(crate) struct Targets {
    /// The apps: those of the manifest, then those of the files, in the order of the targets.
    pub(crate) apps: Vec<PlannedApp>,
    /// What else the manifest says. Its apps and faults are in the other fields.
    pub(crate) manifest: Manifest,
    /// The manifest and the folders.
    pub(crate) sources: Sources,
    /// What is wrong with the targets and the manifest.
    pub(crate) wrong: Failures,
}

/// Finds the apps of the targets and of the manifest.
pub(crate) fn find(args: &ServeArgs) -> Targets {
    let mut sources = Sources {
        manifest: args.config.clone(),
        ..Sources::default()
    };
    let mut wrong = Failures::default();
    let is_lone = args.config.is_none() && args.targets.len() == 1;
    let place = if is_lone { Place::Root } else { Place::Name };
    let mut programs = Vec::new();
    for target in &args.targets {
        match Target::read(target, args.dev) {
            Ok(Target::File(missing)) => {
                programs.push((Program::File(target.clone(), missing), place));
            }
            Ok(Target::Source(source)) => programs.push((Program::Source(source), place)),
            Ok(Target::Folder(components)) => {
                sources.folders.push(target.clone());
                let components = components.into_iter();
                programs.extend(components.map(|file| (Program::File(file, None), Place::Name)));
            }
            Ok(Target::Manifest(found)) => {
                if let Some(other) = &sources.manifest {
                    let (one, other) = (other.display(), found.display());
                    let message = format!("expected one manifest, got {one} and {other}");
                    let failure = Failure::usage(message);
                    wrong.extend([failure.hint("put all apps into one manifest")]);
                } else {
                    sources.manifest = Some(found);
                }
            }
            Err(failure) => wrong.extend([failure]),
        }
    }
    let mut manifest = match &sources.manifest {
        Some(path) => manifest::read(path, args.isolation, args.dev),
        None => Manifest::empty(),
    };
    wrong.append(std::mem::take(&mut manifest.wrong));
    let mut apps = std::mem::take(&mut manifest.apps);
    if let (Some(path), true) = (&sources.manifest, apps.is_empty() && wrong.is_empty()) {
        match of_build(path, &manifest.build, args.dev) {
            Ok(program) => programs.push((program, Place::Root)),
            Err(failure) => wrong.extend([failure]),
        }
    }
    for (program, place) in programs {
        match plan(program, place, args.isolation) {
            Ok(app) => apps.push(app),
            Err(failure) => wrong.extend([failure]),
        }
    }
    Targets {
        apps,
        manifest,
        sources,
        wrong,
    }
}

/// What a target's app is made of.
enum Program {
    /// A component, and what is wrong if there is none.
    File(PathBuf, Option<Failure>),
    Source(Box<PlannedSource>),
}

/// Where the app in a target answers.
#[derive(Clone, Copy)]
enum Place {
    Root,
    Name,
}

fn plan(
    program: Program,
    place: Place,
    choice: Option<IsolationChoice>,
) -> Result<PlannedApp, Failure> {
    let (component, mut settings, missing, source) = match program {
        Program::File(file, missing) => (
            file.clone(),
            AppSettings::new(name_of(&file)),
            missing,
            None,
        ),
        Program::Source(source) => {
            let project = &source.project;
            let settings = AppSettings::new(project.name.clone());
            (project.folder.clone(), settings, None, Some(source))
        }
    };
    let path = match place {
        Place::Root => "/".parse(),
        Place::Name if source.is_some() => PathPattern::of_name(settings.name.as_bytes()),
        Place::Name => {
            let stem = component.file_stem().unwrap_or_default();
            PathPattern::of_name(stem.as_encoded_bytes())
        }
    };
    let path = path.map_err(|error| {
        Failure::usage(format!("cannot serve {}: {error}", component.display()))
            .hint("give it another name, or a `path` in a wasgi.toml")
    })?;
    settings.isolation = isolation(choice, Reuse::DEFAULT);
    if let Some(source) = &source {
        source.adapt(&mut settings, choice);
    }
    Ok(PlannedApp {
        routes: vec![Route { host: None, path }],
        place: None,
        settings,
        component,
        source,
        outbound: None,
        sql: Vec::new(),
        middleware: Vec::new(),
        health: None,
        weight: WEIGHT,
        missing: missing.into_iter().collect(),
    })
}

/// What stands at a target's path.
enum Target {
    /// A file, and what is wrong if there is none.
    File(Option<Failure>),
    Folder(Vec<PathBuf>),
    Manifest(PathBuf),
    /// An app in source.
    Source(Box<PlannedSource>),
}

impl Target {
    /// With `is_dev`, a project is served from its source also where its component is.
    fn read(path: &Path, is_dev: bool) -> Result<Self, Failure> {
        let cannot =
            |why: String| Failure::run_time(format!("cannot serve {}: {why}", path.display()));
        let has_ending = |ending| path.extension() == Some(OsStr::new(ending));
        let metadata = match std::fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) => {
                if let Some(module) = source::module(path) {
                    return source::find(Path::new("."), named(module)).map(Self::Source);
                }
                let failure = cannot(reason(&error))
                    .hint("a target is a .wasm file or a folder: check the path");
                // A component may be away for a moment, while it is replaced.
                if error.kind() == io::ErrorKind::NotFound && has_ending("wasm") {
                    return Ok(Self::File(Some(failure)));
                }
                return Err(failure);
            }
        };
        if !metadata.is_dir() {
            if has_ending("toml") {
                return Err(Failure::usage(format!(
                    "cannot serve {}: expected a component, got a manifest",
                    path.display()
                ))
                .hint(format!("wasgi serve --config {}", path.display())));
            }
            if has_ending("py") || wasgi_build::js::is_script(path) {
                return of_script(path).map(Self::Source);
            }
            return Ok(Self::File(None));
        }
        let manifest = path.join(MANIFEST);
        if manifest.is_file() {
            return Ok(Self::Manifest(manifest));
        }
        let components = components(path).map_err(|error| cannot(reason(&error)))?;
        let is_project = wasgi_build::is_project(path);
        if is_project && (is_dev || components.is_empty()) {
            return source::find(path, Settings::default()).map(Self::Source);
        }
        if components.is_empty() {
            return Err(cannot(format!(
                "the folder holds neither {MANIFEST} nor a .wasm file, and no project"
            ))
            .hint(format!(
                "copy a .wasm file into it, or name another folder; a project has {}",
                wasgi_build::marks()
            )));
        }
        Ok(Self::Folder(components))
    }
}

/// The app in a file of Python, JavaScript or TypeScript.
fn of_script(file: &Path) -> Result<Box<PlannedSource>, Failure> {
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let is_python = file.extension() == Some(OsStr::new("py"));
    let module = match is_python {
        true => file.file_stem(),
        false => file.file_name(),
    };
    source::find(folder, named(&module.unwrap_or_default().to_string_lossy()))
}

fn named(module: &str) -> Settings {
    Settings {
        module: Some(module.to_owned()),
        ..Settings::default()
    }
}

/// The app of a manifest without any, which says how it is built: what was built, else its source.
fn of_build(manifest: &Path, build: &BuildTable, is_dev: bool) -> Result<Program, Failure> {
    let folder = match manifest.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let source = source::find(folder, build.settings_of(folder, None))?;
    let usual = || PathBuf::from(format!("{}.wasm", source.project.name));
    let output = folder.join(build.output.clone().unwrap_or_else(usual));
    if output.is_file() && !is_dev {
        return Ok(Program::File(output, None));
    }
    Ok(Program::Source(source))
}

/// The `.wasm` files in a folder, sorted by name. Hidden ones are left out: they are what copying
/// tools leave half-written.
fn components(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension() == Some(OsStr::new("wasm")) && !path.is_dir() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these empty files, and each `wasgi.toml` naming `a.wasm`.
    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let text = if file.ends_with(".toml") {
                "[[app]]\ncomponent = \"a.wasm\""
            } else {
                ""
            };
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn mounts(
        folder: &Path,
        targets: &[&str],
        config: Option<&str>,
    ) -> Result<Vec<String>, String> {
        let found = find(&ServeArgs {
            targets: targets.iter().map(|target| folder.join(target)).collect(),
            config: config.map(|config| folder.join(config)),
            ..ServeArgs::default()
        });
        let mut wrong = found.wrong;
        wrong.extend(found.apps.iter().flat_map(|app| app.missing.clone()));
        wrong.into_result().map_err(|wrong| wrong.to_string())?;
        let routes = found.apps.iter().flat_map(|app| &app.routes);
        Ok(routes.map(ToString::to_string).collect())
    }

    #[test]
    fn files_are_mounted_by_their_number() {
        let folder = folder(&[
            "a.wasm",
            "b.wasm",
            "c d.wasm",
            ".e.wasm",
            "f.txt",
            "m/wasgi.toml",
            "m/a.wasm",
        ]);
        for (targets, config, expected) in [
            (&["a.wasm"][..], None, &["/"][..]),
            (&["b.wasm", "a.wasm"], None, &["/b", "/a"]),
            (&["."], None, &["/a", "/b", "/c%20d"]),
            (&["m"], None, &["/"]),
            (&["b.wasm", "m"], None, &["/", "/b"]),
            (&[], Some("m/wasgi.toml"), &["/"]),
            (&["b.wasm"], Some("m/wasgi.toml"), &["/", "/b"]),
        ] {
            assert_eq!(
                mounts(folder.path(), targets, config).unwrap(),
                expected,
                "{targets:?}"
            );
        }
    }

    #[test]
    fn a_bad_target_is_refused() {
        let folder = folder(&[
            "wasgi.toml",
            "a.wasm",
            "empty/b.txt",
            "other/wasgi.toml",
            "other/a.wasm",
        ]);
        for (targets, expected) in [
            (&["none.wasm"][..], "none.wasm: no such file or folder"),
            (
                &["empty"],
                "the folder holds neither wasgi.toml nor a .wasm file, and no project\n\
                 hint: copy a .wasm",
            ),
            (
                &["wasgi.toml"],
                "expected a component, got a manifest\nhint: wasgi serve --config",
            ),
            (&[".", "other"], "expected one manifest, got"),
        ] {
            let message = mounts(folder.path(), targets, None).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }
}
