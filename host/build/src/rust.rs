//! Rust: what cargo makes of a package for `wasm32-wasip2` is a component already.
//!
//! Owns which of a package's programs is the app, and how that is told from its `Cargo.toml`. What
//! has changed is for cargo to know.

use std::fmt::{self, Display};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::Options;
use crate::digest::Digest;
use crate::error::BuildError;
use crate::output::Output;
use crate::process;
use crate::progress::Progress;
use crate::project::{Project, Settings};
use crate::report::{self, Report};

mod messages;

/// An app in Rust, as it was found.
#[derive(Clone, Debug)]
pub struct App {
    /// What has it.
    pub program: Program,
    /// What cargo is told besides.
    pub flags: Vec<String>,
}

/// What cargo makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Program {
    /// The package's library, which exports the functions of a contract.
    Library(String),
    /// One of its programs, which is served as CGI.
    Binary(String),
}

/// What is told of a component that was made of Rust.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Built {
    /// What it was made of.
    pub program: Program,
    /// What made it.
    pub cargo: String,
}

impl Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, name) = match &self.program {
            Program::Library(name) => ("library", name),
            Program::Binary(name) => ("program", name),
        };
        writeln!(f, "  the {what} {name}, compiled by {}", self.cargo)
    }
}

/// The file by which a folder is told to be a project in Rust.
pub(crate) const MARK: &str = "Cargo.toml";

/// Whether a folder has a `Cargo.toml`.
pub(crate) fn is_project(folder: &Path) -> bool {
    folder.join(MARK).is_file()
}

/// What matters here of a `Cargo.toml`.
#[derive(Deserialize)]
struct Manifest {
    package: Option<Package>,
    #[serde(default)]
    lib: Library,
    #[serde(default, rename = "bin")]
    binaries: Vec<Binary>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(rename = "default-run")]
    default_run: Option<String>,
}

#[derive(Default, Deserialize)]
struct Library {
    name: Option<String>,
    #[serde(default, rename = "crate-type")]
    types: Vec<String>,
}

#[derive(Deserialize)]
struct Binary {
    name: String,
}

/// Finds the app, and how the package calls itself.
pub(crate) fn detect(folder: &Path, settings: Settings) -> Result<(String, App), BuildError> {
    let path = folder.join(MARK);
    let text =
        fs::read_to_string(&path).map_err(|error| BuildError::cannot("read", &path, &error))?;
    let manifest: Manifest = toml::from_str(&text).map_err(|error| {
        let line = error
            .span()
            .map(|span| text[..span.start].matches('\n').count() + 1);
        let message = format!("expected the manifest of a package: {}", error.message());
        BuildError::new(message).at(&path, line)
    })?;
    let Some(package) = manifest.package else {
        return Err(
            BuildError::new("expected a package, got a workspace without one")
                .at(&path, None)
                .hint("name the folder of the package that is the app"),
        );
    };
    let app = App {
        program: program(folder, &package, &manifest.lib, &manifest.binaries)?,
        flags: settings.flags,
    };
    Ok((package.name, app))
}

fn program(
    folder: &Path,
    package: &Package,
    library: &Library,
    binaries: &[Binary],
) -> Result<Program, BuildError> {
    if library.types.iter().any(|kind| kind == "cdylib") {
        let name = library.name.as_ref().unwrap_or(&package.name);
        return Ok(Program::Library(name.replace('-', "_")));
    }
    if let Some(name) = &package.default_run {
        return Ok(Program::Binary(name.clone()));
    }
    let has_main = folder.join("src/main.rs").is_file();
    match (binaries, has_main) {
        ([only], false) => Ok(Program::Binary(only.name.clone())),
        ([only], true) if only.name == package.name => Ok(Program::Binary(only.name.clone())),
        ([], true) => Ok(Program::Binary(package.name.clone())),
        _ => Err(BuildError::new(
            "cannot tell which program is the app: expected a library with \
             `crate-type = [\"cdylib\"]`, or one program",
        )
        .at(folder.join(MARK), None)
        .hint(
            "add `[lib]` with `crate-type = [\"cdylib\"]`, or name the program that is served as \
             CGI: `default-run` in `[package]`",
        )),
    }
}

impl Program {
    /// What cargo is told to build.
    fn arguments(&self) -> Vec<&str> {
        match self {
            Self::Library(_) => vec!["--lib"],
            Self::Binary(name) => vec!["--bin", name],
        }
    }

    /// The file that cargo writes.
    fn file(&self) -> String {
        let (Self::Library(name) | Self::Binary(name)) = self;
        format!("{name}.wasm")
    }
}

/// Builds a project, or finds its component up to date.
pub(crate) fn build(
    project: &Project,
    app: &App,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Report, BuildError> {
    let output = Output::begin(project, options, progress)?;
    let cargo = cargo(&project.folder)?;
    // Its developers' own builds are left alone, and so is what watches the folder.
    let target = output.folder.join("target");
    let mut command = Command::new(CARGO);
    command
        .current_dir(&project.folder)
        .args(["build", "--release", "--color=never", "--target", TARGET])
        .arg("--target-dir")
        .arg(&target)
        .args(app.program.arguments())
        .args(&app.flags);
    progress.step(&format!("compiling {} with cargo", project.name));
    let ended = process::run(command, "compile the project", progress)?;
    if !ended.status.success() {
        return Err(messages::failure(&project.folder, &ended.output));
    }
    let file = target.join(TARGET).join("release").join(app.program.file());
    let component = fs::read(&file).map_err(|error| BuildError::cannot("read", &file, &error))?;
    // Cargo has found out what has changed.
    let inputs = Digest::of([env!("CARGO_PKG_VERSION").as_bytes(), &component]).hex();
    if let Some(report) = output.former(&inputs)? {
        return Ok(report);
    }
    let built = Built {
        program: app.program.clone(),
        cargo,
    };
    let warnings = messages::warnings(&ended.output);
    output.finish(&component, inputs, warnings, report::Built::Rust(built))
}

const CARGO: &str = "cargo";

/// What Rust calls a component for WASI 0.2.
const TARGET: &str = "wasm32-wasip2";

/// What cargo says of its version, in the folder that may ask for one.
fn cargo(folder: &Path) -> Result<String, BuildError> {
    let said = Command::new(CARGO)
        .arg("--version")
        .current_dir(folder)
        .output()
        .map_err(|_| {
            BuildError::new("expected cargo on the path, got none")
                .hint("install Rust with rustup, then run `rustup target add wasm32-wasip2`")
        })?;
    let text = String::from_utf8_lossy(&said.stdout);
    // `cargo 1.95.0 (f2d3ce0bd 2026-03-21)`
    let version: Vec<_> = text.split_whitespace().take(2).collect();
    Ok(version.join(" "))
}

/// Folders of a project that cargo writes to.
pub(crate) fn made(folder: &Path) -> Vec<PathBuf> {
    vec![folder.join("target")]
}

#[cfg(test)]
mod tests;
