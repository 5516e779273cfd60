//! JavaScript and TypeScript: what handles a `Request` and returns a `Response`.
//!
//! Owns which app a folder has. esbuild makes one file of it, and an engine evaluates that and is
//! frozen with what is then in memory; what happens in there is the package `wasgi`'s (`guests/js`),
//! which is embedded here.

use std::path::{Path, PathBuf};

use crate::error::BuildError;
use crate::project::Settings;

pub(crate) use self::component::build;
pub use self::engine::Engine;
pub use self::package::Package;

mod bundle;
mod component;
mod engine;
mod jobs;
mod messages;
pub(crate) mod node;
mod npm;
mod package;
mod quickjs;
mod sources;
mod starlingmonkey;
mod tool;

use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};

/// An app in JavaScript, as it was found.
#[derive(Clone, Debug)]
pub struct App {
    /// The file that has it, absolute.
    pub entry: PathBuf,
    /// The project's folder.
    pub folder: PathBuf,
    /// What `package.json` says.
    pub package: Package,
    /// What evaluates it.
    pub engine: Engine,
    /// Paths that are requested before it is frozen, if the engine can be asked then.
    pub warm: Vec<String>,
}

/// What was built of an app in JavaScript.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Built {
    /// The file that has the app, relative to the project's folder.
    pub entry: String,
    /// What evaluates it.
    #[serde(default)]
    pub engine: Engine,
    /// The packages that are in the component, such as `hono 4.13.19`.
    pub packages: Vec<String>,
    /// How many files of the project are in it.
    pub files: usize,
    /// The bytes of all source together.
    pub source_bytes: u64,
}

impl Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (files, entry) = (self.files, &self.entry);
        let are = if files == 1 { "file" } else { "files" };
        writeln!(f, "  {entry}, {files} {are} of the project")?;
        if self.engine == Engine::StarlingMonkey {
            writeln!(f, "  on StarlingMonkey, over wasi:http")?;
        }
        if !self.packages.is_empty() {
            writeln!(f, "  with {}", self.packages.join(", "))?;
        }
        Ok(())
    }
}

/// The files by which a folder is told to be a project in JavaScript.
pub(crate) const MARKS: [&str; 1] = ["package.json"];

/// Whether a folder has a file by which it is told to be a project in JavaScript.
pub(crate) fn is_project(folder: &Path) -> bool {
    MARKS.iter().any(|mark| folder.join(mark).is_file())
}

/// Whether a file is called like one in JavaScript or TypeScript.
pub fn is_script(file: &Path) -> bool {
    let end = file.extension().unwrap_or_default();
    ENDS.iter().any(|known| end == *known)
}

/// The ends of the names of files in JavaScript and TypeScript, the likeliest first.
const ENDS: [&str; 6] = ["ts", "js", "tsx", "jsx", "mts", "mjs"];

/// Finds the app, and how the project calls itself.
pub(crate) fn detect(
    folder: &Path,
    settings: Settings,
) -> Result<(Option<String>, App), BuildError> {
    let package = Package::read(folder)?;
    let entry = match &settings.module {
        Some(module) => named(folder, module)?,
        None => find(folder, &package)?,
    };
    let name = package.name.as_deref().map(plain);
    let engine = settings.engine.as_deref().map(Engine::named).transpose()?;
    let app = App {
        entry,
        folder: folder.to_path_buf(),
        package,
        engine: engine.unwrap_or_default(),
        warm: settings.warm.unwrap_or_else(|| vec!["/".to_owned()]),
    };
    Ok((name, app))
}

/// The name of a package without its scope, which is no name of a file.
fn plain(name: &str) -> String {
    name.rsplit('/').next().unwrap_or(name).to_owned()
}

fn named(folder: &Path, module: &str) -> Result<PathBuf, BuildError> {
    let file = folder.join(module);
    if !file.is_file() {
        let message = format!("expected the app in {module}, but there is no such file");
        return Err(BuildError::usage(message).hint("name a file of the project's folder"));
    }
    Ok(file)
}

/// The app of a project: where `package.json` says, else where frameworks have it.
fn find(folder: &Path, package: &Package) -> Result<PathBuf, BuildError> {
    let said = package.entries.iter().map(|entry| folder.join(entry));
    // What is named there may be what another tool builds, and not be there yet.
    if let Some(file) = said.into_iter().find(|file| file.is_file()) {
        return Ok(file);
    }
    for name in NAMES {
        for end in ENDS {
            let file = folder.join(format!("{name}.{end}"));
            if file.is_file() {
                return Ok(file);
            }
        }
    }
    Err(BuildError::new(format!(
        "cannot find the app: expected `main` in package.json, or one of {}, each with one of {}",
        NAMES.join(", "),
        ENDS.map(|end| format!(".{end}")).join(", ")
    ))
    .at(folder.join("package.json"), None)
    .hint("set `main` to the file that has `export default app`, or name it with `--module`"))
}

/// Where frameworks have the app.
const NAMES: [&str; 8] = [
    "src/index",
    "src/app",
    "src/main",
    "src/server",
    "index",
    "app",
    "main",
    "server",
];

#[cfg(test)]
mod tests;
