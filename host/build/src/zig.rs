//! Zig.
//!
//! Owns how a project is compiled: a lone root by itself, and one that has a `build.zig` by that.
//! The SDK (`guests/zig`, over that of C) is embedded here.

use std::fmt::{self, Display};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Options;
use crate::diagnostics;
use crate::digest::Digest;
use crate::encode;
use crate::error::BuildError;
use crate::output::{Output, remove};
use crate::process;
use crate::progress::Progress;
use crate::project::{Project, Settings};
use crate::report::{self, Report};
use crate::sdk::{self, Sdk};
use crate::tree::{self, Filter};
use crate::ziglang::{self, Zig};

/// An app in Zig, as it was found.
#[derive(Clone, Debug)]
pub struct App {
    /// Its root, relative to the project's folder.
    pub root: PathBuf,
    /// What the compiler is told besides.
    pub flags: Vec<String>,
    /// Patterns of files that are built from although their names say otherwise.
    pub include: Vec<String>,
}

/// What is told of a component that was made of Zig.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Built {
    /// The release of Zig.
    pub zig: String,
    /// The root of the app.
    pub root: PathBuf,
}

impl Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {} in Zig {}", self.root.display(), self.zig)
    }
}

/// By what a folder is told to be a project in Zig.
pub(crate) const MARKS: &str = "a main.zig";

/// Where the root may be, the likeliest first.
const ROOTS: [&str; 4] = ["main.zig", "src/main.zig", "app.zig", "src/root.zig"];

/// Whether a folder has a root of Zig.
pub(crate) fn is_project(folder: &Path) -> bool {
    ROOTS.iter().any(|root| folder.join(root).is_file())
}

/// Finds the root.
pub(crate) fn detect(folder: &Path, settings: Settings) -> Result<App, BuildError> {
    let root = ROOTS.iter().find(|root| folder.join(root).is_file());
    let Some(root) = root else {
        return Err(BuildError::new(format!(
            "expected the root of an app in {}, got none of {}",
            folder.display(),
            ROOTS.join(", ")
        ))
        .hint("call the file main.zig that has the function `handle`"));
    };
    Ok(App {
        root: PathBuf::from(root),
        flags: settings.flags,
        include: settings.include,
    })
}

/// Builds a project, or finds its component up to date.
pub(crate) fn build(
    project: &Project,
    app: &App,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Report, BuildError> {
    let output = Output::begin(project, options, progress)?;
    let (source, made) = (output.folder.join("source"), output.folder.join("build"));
    for folder in [&source, &made] {
        fs::create_dir_all(folder).map_err(|error| BuildError::cannot("make", folder, &error))?;
    }
    let filter = Filter {
        left_out: &[".wasm", ".o", ".a"],
        include: tree::patterns(&app.include)?,
    };
    let mirror = tree::mirror(&project.folder, &source, &filter)?;
    let mut inputs = Digest::of([
        env!("CARGO_PKG_VERSION"),
        &sdk::digest(),
        ziglang::VERSION,
        FLAGS_VERSION,
    ]);
    inputs.add(app.root.as_os_str().as_encoded_bytes());
    inputs.add(Digest::of(&app.flags).hex());
    inputs.add(mirror.digest.hex());
    let inputs = inputs.hex();
    if let Some(report) = output.former(&inputs)? {
        return Ok(report);
    }
    let zig = Zig::install(&options.cache, progress)?;
    let sdk = Sdk::lay_out(&options.cache, progress)?;
    zig.tell(&app.root.display().to_string(), progress);
    let core = compile(project, app, (&zig, &sdk), (&source, &made), progress)?;
    let component = encode::component(&core)?;
    let built = Built {
        zig: ziglang::VERSION.to_owned(),
        root: app.root.clone(),
    };
    output.finish(&component, inputs, Vec::new(), report::Built::Zig(built))
}

/// Changes with the flags below, so that what was built with others is built again.
const FLAGS_VERSION: &str = "2";

fn compile(
    project: &Project,
    app: &App,
    (zig, sdk): (&Zig, &Sdk),
    (source, made): (&Path, &Path),
    progress: &mut dyn Progress,
) -> Result<Vec<u8>, BuildError> {
    let core = made.join("core.wasm");
    remove(&core)?;
    let mut command = zig.command("build-exe");
    // What it says of a file then has the name that the user knows.
    command.current_dir(source);
    command.args(["-mexec-model=reactor", "--color", "off"]);
    command.arg("--stack").arg(STACK_BYTES.to_string());
    command.arg(format!("-femit-bin={}", core.display()));
    // The options of a module stand before it. Checks stay in: a mistake ends the instance, and
    // does not go on with what another request left.
    let module = [
        "-target",
        "wasm32-wasi",
        "-OReleaseSafe",
        "-fno-stack-protector",
    ];
    command.args(module).args(&app.flags);
    command.args(["--dep", "wasgi"]);
    command.arg(format!("-Mroot={}", app.root.display()));
    command.args(module).arg("-lc");
    command.arg("-I").arg(&sdk.headers);
    command.arg("-cflags").args(sdk::FLAGS).arg("--");
    command.args(&sdk.sources);
    command.arg(format!("-Mwasgi={}", sdk.zig.display()));
    let ended = process::run(command, "compile the project", progress)?;
    if !ended.status.success() {
        let name = app.root.display().to_string();
        let error = diagnostics::failure(&name, &project.folder, &ended.output);
        return Err(error);
    }
    fs::read(&core).map_err(|error| BuildError::cannot("read", &core, &error))
}

/// The stack of an instance. It lies below the data, so that going over it is a trap.
const STACK_BYTES: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_told_by_its_root() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("build.zig"), "").unwrap();
        assert!(!is_project(folder.path()));
        let error = detect(folder.path(), Settings::default()).unwrap_err();
        assert!(error.message().contains("src/main.zig"), "{error}");
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/main.zig"), "").unwrap();
        assert!(is_project(folder.path()));
        let app = detect(folder.path(), Settings::default()).unwrap();
        assert_eq!(app.root, Path::new("src/main.zig"));
    }
}
