//! Core modules, whatever they were compiled from.
//!
//! Owns what `wasgi build core.wasm` says. What a module becomes is `encode`'s.

use std::fmt::{self, Display};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Options;
use crate::digest::Digest;
use crate::encode::{self, Becomes, Module};
use crate::error::BuildError;
use crate::output::Output;
use crate::progress::Progress;
use crate::project::Project;
use crate::report::{self, Report};

/// A core module that becomes a component.
#[derive(Clone, Debug)]
pub struct App {
    /// Its file.
    pub file: PathBuf,
}

/// What is told of a component that was made of a core module.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Built {
    /// The core module.
    pub module: PathBuf,
}

impl Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  made of {}", self.module.display())
    }
}

/// What a core module's component is called, which must not be the module itself.
pub(crate) fn name(file: &Path) -> String {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    format!("{name}.component")
}

/// Makes a component of a core module, or finds it up to date.
pub(crate) fn build(
    project: &Project,
    app: &App,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Report, BuildError> {
    let output = Output::begin(project, options, progress)?;
    let core = fs::read(&app.file)
        .map_err(|error| BuildError::cannot("read the module", &app.file, &error))?;
    let inputs = Digest::of([env!("CARGO_PKG_VERSION").as_bytes(), &core]).hex();
    if let Some(report) = output.former(&inputs)? {
        return Ok(report);
    }
    progress.step("making a component of the module");
    let in_file = |error: BuildError| error.at(&app.file, None);
    if Module::read(&core)
        .map_err(in_file)?
        .becomes()
        .map_err(in_file)?
        == Becomes::Command
    {
        let file = app.file.display();
        return Err(BuildError::new(
            "a command needs no component: it exports `_start`, and is served as CGI as it is",
        )
        .at(&app.file, None)
        .hint(format!("run `wasgi serve {file}`")));
    }
    let component = encode::component(&core).map_err(in_file)?;
    let built = Built {
        module: app.file.clone(),
    };
    output.finish(&component, inputs, Vec::new(), report::Built::Module(built))
}
