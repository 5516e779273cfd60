//! Python: WSGI and ASGI applications, and plain handlers.
//!
//! Owns the order of a build of Python. The app is imported in the interpreter of the guest by
//! componentize-py, and what is then in memory is the component; what happens in there is the
//! package `wasgi`'s (`guests/python`), which is embedded here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cache::Cache;
use crate::error::BuildError;
use crate::progress::Progress;
use crate::project::{Language, Project, Settings};

pub(crate) use self::component::build;
pub use self::outcome::{Built, Captured, EnvironmentRead, LeftOut, MissingImport, Warmed};
pub use self::requirements::Requirements;
pub use self::site::Site;
pub(crate) use self::wheel::install as install_wheel;

mod app;
mod component;
mod installed;
mod interpreter;
mod lists;
mod metadata;
mod native;
mod outcome;
mod pip;
mod requirements;
mod runtime;
mod scan;
mod site;
mod snapshot;
mod tool;

mod wheel;
mod wheels;

/// An app in Python, as it was found.
#[derive(Clone, Debug)]
pub struct App {
    /// Where it is: `package.module:attribute`, or `package.module:factory()`.
    pub module: String,
    /// The folder from which it is imported: the project's, or its `src`.
    pub source: PathBuf,
    /// What it needs.
    pub requirements: Requirements,
    /// Paths that are requested before it is frozen.
    pub warm: Vec<String>,
    /// Patterns of files that become part of the component although their names say otherwise.
    pub include: Vec<String>,
    /// The environment that it sees while it is frozen.
    pub env: BTreeMap<String, String>,
    /// What a developer should know of how it was found, a sentence each.
    pub notes: Vec<String>,
}

/// The files by which a folder is told to be a Python project.
pub(crate) const MARKS: [&str; 9] = [
    "pyproject.toml",
    "requirements.txt",
    "Pipfile",
    "manage.py",
    "wsgi.py",
    "asgi.py",
    "app.py",
    "application.py",
    "main.py",
];

/// Whether a folder has a file by which it is told to be a Python project.
pub(crate) fn is_project(folder: &Path) -> bool {
    MARKS.iter().any(|mark| folder.join(mark).is_file())
}

/// Finds the app, what it needs and how the project calls itself.
pub(crate) fn detect(
    folder: &Path,
    settings: Settings,
) -> Result<(Option<String>, App), BuildError> {
    let metadata = metadata::read(folder)?;
    let mut notes = Vec::new();
    let mut requirements = requirements::read(
        folder,
        settings.requirements.as_deref(),
        &metadata,
        &mut notes,
    )?;
    if let Some(brought) = &settings.wheels {
        requirements.bring(wheels::read(&folder.join(brought))?);
    }
    let found = match settings.module.as_deref() {
        Some(module) => app::named(folder, module, requirements.is_empty())?,
        None => app::find(folder)?,
    };
    let app = App {
        module: found.module,
        source: found.source,
        requirements,
        warm: settings.warm.unwrap_or_else(|| vec!["/".to_owned()]),
        include: settings.include,
        env: settings.env,
        notes,
    };
    Ok((metadata.name, app))
}

/// The component that serves apps from their source, made if the cache does not have it. With a
/// site, what is native in it is linked into the component, which then serves no other site.
///
/// # Errors
///
/// If the tools cannot be installed, or fail.
pub fn dev_component(
    cache: &Cache,
    site: Option<&Site>,
    progress: &mut dyn Progress,
) -> Result<PathBuf, BuildError> {
    component::dev(cache, site, progress)
}

/// A project's requirements, installed if the cache does not have them. The database of time zones
/// is with them.
///
/// # Errors
///
/// If they cannot be installed, or have native code.
pub fn site(
    project: &Project,
    cache: &Cache,
    progress: &mut dyn Progress,
) -> Result<Site, BuildError> {
    let Language::Python(app) = &project.language else {
        return Err(BuildError::usage("expected a project in Python"));
    };
    site::install(&project.folder, &app.requirements, cache, progress)
}
