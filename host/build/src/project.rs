//! A source folder, read and understood.
//!
//! Owns which language a project is in. It runs nothing and installs nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::BuildError;
use crate::{js, module, python};

/// A project.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its folder, absolute.
    pub folder: PathBuf,
    /// What it is called, and so its component: as it calls itself, else as its folder.
    pub name: String,
    /// What its build must know.
    pub language: Language,
}

/// The language of a project, and what its build must know of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Language {
    /// A function from a `Request` to a `Response`, in JavaScript or TypeScript.
    Js(js::App),
    /// None that matters: a core module of WebAssembly, which is compiled already.
    Module(module::App),
    /// A WSGI or ASGI application, or a plain handler.
    Python(python::App),
}

/// What somebody says of a project. What is not said is found in the source.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The app: `package.module:attribute` in Python, a file in JavaScript.
    pub module: Option<String>,
    /// The file that lists what the app needs, relative to the project's folder.
    pub requirements: Option<PathBuf>,
    /// Paths that are requested before the app is frozen. None: `/`.
    pub warm: Option<Vec<String>>,
    /// Patterns of files that become part of the component although their names say otherwise.
    pub include: Vec<String>,
    /// The environment that the app sees while it is frozen, and later, unless it is granted
    /// another.
    pub env: BTreeMap<String, String>,
}

/// Whether a folder has anything that `detect` knows: a quick look.
pub fn is_project(folder: &Path) -> bool {
    python::is_project(folder) || js::is_project(folder)
}

/// Understands a source folder, or the file of a core module.
///
/// # Errors
///
/// If no app is found, more than one is, or what the project says of itself is wrong.
pub fn detect(folder: &Path, settings: Settings) -> Result<Project, BuildError> {
    let folder = fs::canonicalize(folder)
        .map_err(|error| BuildError::cannot("read the folder", folder, &error))?;
    if !folder.is_dir() {
        return module_file(folder);
    }
    if settings.module.is_none() && !is_project(&folder) {
        return Err(BuildError::new(format!(
            "cannot tell what {} is: expected a project in Python or JavaScript, but it has none \
             of {}",
            folder.display(),
            [python::MARKS.as_slice(), &js::MARKS].concat().join(", ")
        ))
        .hint("name the app's folder, and with `--module` the app"));
    }
    let (name, language) = if is_js(&folder, settings.module.as_deref()) {
        let (name, app) = js::detect(&folder, settings)?;
        (name, Language::Js(app))
    } else {
        let (name, app) = python::detect(&folder, settings)?;
        (name, Language::Python(app))
    };
    Ok(Project {
        name: name.unwrap_or_else(|| folder_name(&folder)),
        language,
        folder,
    })
}

/// Many projects in Python have a `package.json` for what browsers load, and few in JavaScript have
/// what Python's have.
fn is_js(folder: &Path, module: Option<&str>) -> bool {
    match module {
        Some(module) => js::is_module(module),
        None => js::is_project(folder) && !python::is_project(folder),
    }
}

/// A file is built if it is a core module.
fn module_file(file: PathBuf) -> Result<Project, BuildError> {
    if file.extension().is_none_or(|end| end != "wasm") {
        let message = format!(
            "expected a folder or a core module, got the file {}",
            file.display()
        );
        return Err(BuildError::usage(message).hint("name the folder that the source is in"));
    }
    let folder = file.parent().unwrap_or(Path::new("/")).to_path_buf();
    Ok(Project {
        folder,
        name: module::name(&file),
        language: Language::Module(module::App { file }),
    })
}

fn folder_name(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    if name.is_empty() {
        return "app".to_owned();
    }
    name.into_owned()
}
