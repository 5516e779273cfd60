//! Targets: from the files and folders of the command line to apps.
//!
//! Owns what a target may be and where its apps are mounted. Whether a file is a component is the
//! gateway's to say.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use wasgi_gateway::{AppSettings, Reuse};
use wasgi_server::Config;

use crate::args::IsolationChoice;
use crate::failure::{Failure, reason};
use crate::manifest::{self, Manifest};
use crate::mount;
use crate::plan::{PlannedApp, isolation};

/// The manifest that a folder is served by.
const MANIFEST: &str = "wasgi.toml";

/// What the targets hold.
#[derive(Debug)]
pub(crate) struct Targets {
    /// The apps: those of the manifest, then those of the files, in the order of the targets.
    pub(crate) apps: Vec<PlannedApp>,
    /// The manifest's addresses and its settings of the server.
    pub(crate) manifest: Option<(Vec<SocketAddr>, Config)>,
}

/// Finds the apps. `choice` overrides the isolation of each.
pub(crate) fn find(
    targets: &[PathBuf],
    config: Option<&Path>,
    choice: Option<IsolationChoice>,
) -> Result<Targets, Failure> {
    let mut manifest = config.map(Path::to_owned);
    let mut files = Vec::new();
    for target in targets {
        match Target::read(target)? {
            Target::File => files.push(target.clone()),
            Target::Folder(components) => files.extend(components),
            Target::Manifest(found) => {
                if let Some(other) = manifest.replace(found.clone()) {
                    let (one, other) = (other.display(), found.display());
                    return Err(Failure::usage(format!(
                        "expected one manifest, got {one} and {other}"
                    ))
                    .hint("put all apps into one manifest"));
                }
            }
        }
    }
    let lone = config.is_none() && matches!(targets, [target] if !target.is_dir());
    let planned = files.into_iter().map(|file| PlannedApp {
        mount: if lone {
            String::new()
        } else {
            mount::of_file(&file)
        },
        settings: AppSettings {
            isolation: isolation(choice, Reuse::DEFAULT),
            ..AppSettings::new(mount::stem(&file))
        },
        component: file,
        outbound: None,
    });
    let Some(path) = manifest else {
        return Ok(Targets {
            apps: planned.collect(),
            manifest: None,
        });
    };
    let Manifest {
        listen,
        server,
        mut apps,
    } = manifest::read(&path, choice)?;
    apps.extend(planned);
    Ok(Targets {
        apps,
        manifest: Some((listen, server)),
    })
}

/// What stands at a target's path.
enum Target {
    File,
    Folder(Vec<PathBuf>),
    Manifest(PathBuf),
}

impl Target {
    fn read(path: &Path) -> Result<Self, Failure> {
        let cannot =
            |why: String| Failure::run_time(format!("cannot serve {}: {why}", path.display()));
        let metadata = std::fs::metadata(path).map_err(|error| {
            cannot(reason(&error)).hint("a target is a .wasm file or a folder: check the path")
        })?;
        if !metadata.is_dir() {
            if path.extension() == Some(OsStr::new("toml")) {
                return Err(Failure::usage(format!(
                    "cannot serve {}: expected a component, got a manifest",
                    path.display()
                ))
                .hint(format!("wasgi serve --config {}", path.display())));
            }
            return Ok(Self::File);
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
fn components(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
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
        let found =
            find(&targets, config.as_deref(), None).map_err(|failure| failure.to_string())?;
        Ok(found.apps.into_iter().map(|app| app.mount).collect())
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
            (&["a.wasm"][..], None, &[""][..]),
            (&["b.wasm", "a.wasm"], None, &["/b", "/a"]),
            (&["."], None, &["/a", "/b", "/c%20d"]),
            (&["m"], None, &[""]),
            (&["b.wasm", "m"], None, &["", "/b"]),
            (&[], Some("m/wasgi.toml"), &[""]),
            (&["b.wasm"], Some("m/wasgi.toml"), &["", "/b"]),
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
