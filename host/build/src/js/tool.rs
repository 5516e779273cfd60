//! esbuild, componentize-qjs and the package `wasgi`, in one folder of the cache.
//!
//! Owns their versions, in `tools/`, and where their parts lie.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use include_dir::{Dir, include_dir};

use super::node;
use crate::cache::Cache;
use crate::embedded::Embedded;
use crate::error::BuildError;
use crate::progress::Progress;
use crate::wit::WIT;

/// What makes the component, for errors.
pub(super) const COMPONENTIZE: &str = "componentize-qjs";

/// The tools and the packages that the package `wasgi` needs, with the digests of all.
const TOOLS: &str = include_str!("tools/package.json");
const LOCK: &str = include_str!("tools/package-lock.json");

static SOURCE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guests/js/src");
static WORLD: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guests/js/wit");

/// Installed tools.
#[derive(Debug)]
pub(super) struct Tools {
    folder: PathBuf,
    /// The bundler, a program of this machine.
    pub(super) esbuild: PathBuf,
}

impl Tools {
    /// The package `wasgi`: what an app imports, and what the build imports before it.
    pub(super) fn sdk(&self, file: &str) -> PathBuf {
        self.folder.join(SDK).join(file)
    }

    /// Whether a file that esbuild read is one of the tools' own.
    pub(super) fn have(&self, path: &str) -> bool {
        let folder = self.folder.file_name().unwrap_or_default();
        path.contains(&*folder.to_string_lossy())
    }

    /// Whether a file that esbuild read is what a middleware imports.
    pub(super) fn is_of_middleware(&self, path: &str) -> bool {
        self.have(path) && path.ends_with("/wasgi/middleware.js")
    }

    /// A command that makes a component of a file, without its arguments.
    pub(super) fn componentize(&self, is_middleware: bool) -> Command {
        let world = match is_middleware {
            true => "javascript-middleware",
            false => "javascript",
        };
        let program = self.folder.join("node_modules/componentize-qjs/cli.mjs");
        let mut command = node::command(&program);
        command
            .arg("--wit")
            .arg(self.folder.join(WIT_FOLDER))
            .args(["--world", world, "--sync"]);
        command
    }
}

/// Installs the tools, unless the cache has them.
pub(super) fn install(cache: &Cache, progress: &mut dyn Progress) -> Result<Tools, BuildError> {
    let folder = cache.entry("js", &embedded(), progress, |entry, progress| {
        node::check(node::VERSION_MIN)?;
        progress.step("installing esbuild and componentize-qjs, once (50 MB)");
        files().write(entry)?;
        node::install(entry, "the tools", progress)
    })?;
    let esbuild = find_esbuild(&folder)?;
    Ok(Tools { folder, esbuild })
}

/// The digest of what every component of JavaScript is made with.
pub(super) fn embedded() -> String {
    files().digest()
}

const SDK: &str = "wasgi";
const WIT_FOLDER: &str = "wit";

/// The program in the package for this machine: the one that npm chose.
fn find_esbuild(folder: &Path) -> Result<PathBuf, BuildError> {
    let packages = folder.join("node_modules/@esbuild");
    let found = fs::read_dir(&packages).into_iter().flatten().flatten();
    found
        .flat_map(|entry| {
            let package = entry.path();
            [package.join("bin/esbuild"), package.join("esbuild.exe")]
        })
        .find(|program| program.is_file())
        .ok_or_else(|| {
            BuildError::new("expected npm to install esbuild for this machine, but it did not")
                .hint("see whether npm leaves optional packages out (`npm config get omit`)")
        })
}

fn files() -> Embedded {
    let deps = format!("{WIT_FOLDER}/deps/gateway");
    Embedded::default()
        .file("package.json", TOOLS.as_bytes())
        .file("package-lock.json", LOCK.as_bytes())
        .tree(SDK, &SOURCE, &["js"])
        .tree(WIT_FOLDER, &WORLD, &["wit"])
        // Of the contract the package at its top: its folders are others.
        .folder(&deps, &WIT, &["wit"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_and_the_world_are_carried() {
        let files = files();
        let has = |name: &str| files.paths().any(|path| path == Path::new(name));
        assert!(has("wasgi/index.js"));
        assert!(has("wasgi/runtime/index.js"));
        assert!(has("wasgi/middleware.js"));
        assert!(has("wit/world.wit"));
        assert!(has("wit/deps/random.wit"));
        assert!(has("wit/deps/gateway/app.wit"));
        assert!(!has("wit/deps/gateway/README.md"));
    }

    #[test]
    fn the_tools_are_those_of_the_package() {
        let read = |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap() };
        let package = read(include_str!("../../../../guests/js/package.json"));
        let tools = read(TOOLS);
        for (name, version) in package["dependencies"].as_object().unwrap() {
            assert_eq!(&tools["dependencies"][name], version, "{name}");
        }
    }
}
