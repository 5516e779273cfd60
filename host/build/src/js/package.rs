//! `package.json`: what a project says of itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::error::BuildError;

/// What matters here of a `package.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// What the package is called.
    pub name: Option<String>,
    /// The files that may have the app, as `module` and `main` name them.
    pub entries: Vec<String>,
    /// The names of the packages that it needs when it runs.
    pub dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct Text {
    name: Option<String>,
    main: Option<String>,
    module: Option<String>,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
}

impl Package {
    /// Reads the file in a folder. A folder without one has a package that says nothing.
    pub(super) fn read(folder: &Path) -> Result<Self, BuildError> {
        let path = folder.join("package.json");
        if !path.is_file() {
            return Ok(Self::default());
        }
        let text =
            fs::read_to_string(&path).map_err(|error| BuildError::cannot("read", &path, &error))?;
        let text: Text = serde_json::from_str(&text).map_err(|error| {
            let what = error.to_string();
            let what = what.split(" at line ").next().unwrap_or_default();
            BuildError::new(format!("expected the description of a package: {what}"))
                .at(&path, Some(error.line()))
        })?;
        Ok(Self {
            name: text.name.filter(|name| !name.is_empty()),
            entries: text.module.into_iter().chain(text.main).collect(),
            dependencies: text.dependencies.into_keys().collect(),
        })
    }
}
