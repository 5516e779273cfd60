//! What cargo knows of this workspace: its root, its target folder, its packages.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command;

/// The target of core modules.
pub(crate) const CORE_TARGET: &str = "wasm32-wasip1";

/// The targets that guests are compiled for, each with what is compiled for it: components, and
/// programs as core modules.
pub(crate) const GUESTS: [(&str, &[Group]); 2] = [
    (
        "wasm32-wasip2",
        &[Group::Sdk, Group::Example, Group::Fixture, Group::Program],
    ),
    (CORE_TARGET, &[Group::Program, Group::CoreModule]),
];

/// The workspace, as `cargo metadata` describes it.
pub(crate) struct Workspace {
    /// The folder of the root manifest.
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds: `target`, or `CARGO_TARGET_DIR`.
    pub(crate) target: PathBuf,
    /// Its members.
    packages: Vec<Package>,
}

/// One member of the workspace.
struct Package {
    /// Its name in its manifest.
    name: String,
    /// Its folder, relative to the root, with `/` between names.
    folder: String,
}

/// What a member is for, which follows from its folder.
///
/// Native builds ask cargo for the members of one group at a time and for all of them: cargo
/// unifies features over what it is asked for, and another choice would compile wasmtime anew.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// The product: the binary and its crates.
    Host,
    /// Programs for this repository's own use.
    Tool,
    /// What an app's author depends on.
    Sdk,
    /// An app. Its logic has tests for this machine too.
    Example,
    /// A component that only tests and benchmarks run.
    Fixture,
    /// A program that only tests run, both as a component and as a core module.
    Program,
    /// A core module that only tests run, and that no component can be made of.
    CoreModule,
}

impl Package {
    fn group(&self) -> Group {
        match self.folder.split_once('/') {
            Some(("host", _)) => Group::Host,
            Some(("guests", _)) => Group::Sdk,
            Some(("examples", _)) => Group::Example,
            Some(("tests", "bench/bare-hyper")) => Group::Tool,
            Some(("tests", "guests-wasi/cgi1")) => Group::CoreModule,
            Some((
                "tests",
                "guests-wasi/cgi" | "guests-wasi/guest/cgi" | "guests-wasi/guest/shared",
            )) => Group::Program,
            Some(("tests", _)) => Group::Fixture,
            _ => Group::Tool,
        }
    }
}

impl Workspace {
    /// Asks cargo about the workspace that this program was built in.
    pub(crate) fn load() -> Result<Self> {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
        let json = command::text(Command::new(cargo()).args([
            "metadata",
            "--no-deps",
            "--format-version=1",
            "--manifest-path",
            manifest,
        ]))?;
        let metadata: Value = serde_json::from_str(&json)?;
        let path = |key: &str| {
            let path = metadata[key].as_str();
            path.map(PathBuf::from)
                .with_context(|| format!("cargo metadata: no `{key}`"))
        };
        let root = path("workspace_root")?;
        let mut packages = Vec::new();
        for package in metadata["packages"].as_array().into_iter().flatten() {
            let name = package["name"]
                .as_str()
                .context("cargo metadata: a package has no name")?;
            let manifest = package["manifest_path"].as_str().map(Path::new);
            let folder = manifest.and_then(|path| path.parent()?.strip_prefix(&root).ok());
            packages.push(Package {
                name: name.to_owned(),
                folder: folder
                    .context("cargo metadata: a package has no place")?
                    .to_string_lossy()
                    .into(),
            });
        }
        Ok(Self {
            root,
            target: path("target_directory")?,
            packages,
        })
    }

    /// The members of some groups, as `-p NAME` arguments.
    pub(crate) fn packages(&self, groups: &[Group]) -> Vec<String> {
        let wanted = self
            .packages
            .iter()
            .filter(|package| groups.contains(&package.group()));
        wanted
            .flat_map(|package| ["-p".to_owned(), package.name.clone()])
            .collect()
    }

    /// Builds the host program for this machine.
    pub(crate) fn build_host(&self) -> Result<()> {
        let mut build = self.cargo(&["build", "--release"]);
        command::run(build.args(self.packages(&[Group::Host])))
    }

    /// The cargo that runs this program, in the root of the workspace.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(cargo());
        command.current_dir(&self.root).args(arguments);
        command
    }

    /// Where built guests lie: always here, as manifests and tests name them.
    pub(crate) fn guests(&self) -> PathBuf {
        self.root.join("target/guests")
    }

    /// Where a native program of the release profile lies.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.target.join("release").join(name)
    }
}

fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
