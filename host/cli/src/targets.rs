//! Targets: from the files and folders of the command line to apps.
//!
//! Owns what a target may be and where its apps are mounted. Whether a file is a component is the
//! gateway's to say.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use wasgi_gateway::{AppSettings, Reuse};
use wasgi_server::{PathPattern, Route};

use crate::args::IsolationChoice;
use crate::failure::{Failure, Failures, reason};
use crate::manifest::{self, Manifest, WEIGHT};
use crate::plan::{PlannedApp, Sources, isolation, name_of};

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

/// Finds the apps. `choice` overrides the isolation of each.
pub(crate) fn find(
    targets: &[PathBuf],
    config: Option<&Path>,
    choice: Option<IsolationChoice>,
) -> Targets {
    let mut sources = Sources {
        manifest: config.map(Path::to_owned),
        ..Sources::default()
    };
    let mut wrong = Failures::default();
    let lone = config.is_none() && matches!(targets, [target] if !target.is_dir());
    let mut files = Vec::new();
    for target in targets {
        match Target::read(target) {
            Ok(Target::File(missing)) => {
                files.push((target.clone(), missing));
            }
            Ok(Target::Folder(components)) => {
                sources.folders.push(target.clone());
                let components = components.into_iter();
                files.extend(components.map(|file| (file, None)));
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
        Some(path) => manifest::read(path, choice),
        None => Manifest::empty(),
    };
    wrong.append(std::mem::take(&mut manifest.wrong));
    let mut apps = std::mem::take(&mut manifest.apps);
    for (file, missing) in files {
        let place = if lone { Place::Root } else { Place::Name };
        match plan(file, place, missing, choice) {
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

/// Where the app in a file answers.
#[derive(Clone, Copy)]
enum Place {
    Root,
    Name,
}

fn plan(
    file: PathBuf,
    place: Place,
    missing: Option<Failure>,
    choice: Option<IsolationChoice>,
) -> Result<PlannedApp, Failure> {
    let path = match place {
        Place::Root => "/".parse(),
        Place::Name => {
            let stem = file.file_stem().unwrap_or_default();
            PathPattern::of_name(stem.as_encoded_bytes())
        }
    };
    let path = path.map_err(|error| {
        Failure::usage(format!("cannot serve {}: {error}", file.display()))
            .hint("give it another name, or a `path` in a wasgi.toml")
    })?;
    Ok(PlannedApp {
        routes: vec![Route { host: None, path }],
        place: None,
        settings: AppSettings {
            isolation: isolation(choice, Reuse::DEFAULT),
            ..AppSettings::new(name_of(&file))
        },
        component: file,
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
}

impl Target {
    fn read(path: &Path) -> Result<Self, Failure> {
        let cannot =
            |why: String| Failure::run_time(format!("cannot serve {}: {why}", path.display()));
        let has_ending = |ending| path.extension() == Some(OsStr::new(ending));
        let metadata = match std::fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) => {
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
            return Ok(Self::File(None));
        }
        let manifest = path.join(MANIFEST);
        if manifest.is_file() {
            return Ok(Self::Manifest(manifest));
        }
        let components = components(path).map_err(|error| cannot(reason(&error)))?;
        if components.is_empty() {
            return Err(cannot(format!(
                "the folder holds neither {MANIFEST} nor a .wasm file"
            ))
            .hint("copy a .wasm file into it, or name another folder"));
        }
        Ok(Self::Folder(components))
    }
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
        let targets: Vec<_> = targets.iter().map(|target| folder.join(target)).collect();
        let config = config.map(|config| folder.join(config));
        let found = find(&targets, config.as_deref(), None);
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
                "the folder holds neither wasgi.toml nor a .wasm file\nhint: copy a .wasm",
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
