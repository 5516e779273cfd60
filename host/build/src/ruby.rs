//! Ruby: what Rack runs, from `config.ru`.
//!
//! Owns which app a folder has. Ruby's own module starts, loads the app with the package in
//! `guests/ruby`, and is frozen with what is then in memory.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::BuildError;
use crate::project::Settings;

pub(crate) use self::component::build;

mod component;
mod driver;
mod functions;
mod gems;
mod tool;

/// An app in Ruby, as it was found.
#[derive(Clone, Debug)]
pub struct App {
    /// Paths that are requested before it is frozen.
    pub warm: Vec<String>,
    /// Patterns of files that are built from although their names say otherwise.
    pub include: Vec<String>,
    /// The environment that it sees while it is frozen.
    pub env: BTreeMap<String, String>,
}

/// What was built of an app in Ruby.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Built {
    /// The version of Ruby.
    pub ruby: String,
    /// The gems that are in the component, such as `rack-3.1.8`.
    pub gems: Vec<String>,
}

impl Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {ROOT}, with Ruby {}", self.ruby)?;
        if !self.gems.is_empty() {
            writeln!(f, "  with {}", self.gems.join(", "))?;
        }
        Ok(())
    }
}

/// The file by which a folder is told to be a project in Ruby.
pub(crate) const ROOT: &str = "config.ru";

/// Whether a folder has the file by which it is told to be a project in Ruby.
pub(crate) fn is_project(folder: &Path) -> bool {
    folder.join(ROOT).is_file()
}

/// Finds the app.
pub(crate) fn detect(folder: &Path, settings: Settings) -> Result<App, BuildError> {
    if !is_project(folder) {
        let message = format!("expected {ROOT} in {}, got none", folder.display());
        return Err(BuildError::new(message).hint("write `run` and the app into it, as for Rack"));
    }
    Ok(App {
        warm: settings.warm.unwrap_or_else(|| vec!["/".to_owned()]),
        include: settings.include,
        env: settings.env,
    })
}
