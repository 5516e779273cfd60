//! What `pyproject.toml` says of a project.
//!
//! Owns which of its tables count: those that the Python Packaging Authority specifies, and of the
//! others what it takes to tell a user why they do not.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::error::BuildError;

/// What a project says of itself.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    /// `[project].name`.
    pub(super) name: Option<String>,
    /// `[project].dependencies`; none: it does not say.
    pub(super) dependencies: Option<Vec<String>>,
    /// The files that have the dependencies, where setuptools is told so.
    pub(super) files: Vec<PathBuf>,
    /// Whether the dependencies are computed by a build of the project's package.
    pub(super) is_dynamic: bool,
    /// Whether there are dependencies in the form of Poetry.
    pub(super) is_poetry: bool,
}

/// Reads `pyproject.toml`, if there is one.
pub(super) fn read(folder: &Path) -> Result<Metadata, BuildError> {
    let path = folder.join(FILE);
    if !path.is_file() {
        return Ok(Metadata::default());
    }
    let text = super::requirements::read_text(&path)?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().map_or("", |span| &text[..span.start]);
        let line = before.matches('\n').count() + 1;
        let message = error.message().lines().next().unwrap_or_default();
        BuildError::new(format!("expected TOML: {message}")).at(&path, Some(line))
    })?;
    parse(&table).map_err(|message| BuildError::new(message).at(&path, None))
}

/// The file's name.
pub(super) const FILE: &str = "pyproject.toml";

fn parse(table: &Table) -> Result<Metadata, String> {
    let project = table.get("project");
    let text = |key: &str| Some(project?.get(key)?.as_str()?.to_owned());
    let poetry = at(table, &["tool", "poetry", "dependencies"]);
    Ok(Metadata {
        name: text("name").or_else(|| {
            let name = at(table, &["tool", "poetry", "name"])?;
            Some(name.as_str()?.to_owned())
        }),
        dependencies: match project.and_then(|project| project.get("dependencies")) {
            Some(value) => Some(texts(value).ok_or(
                "expected `dependencies` in [project] to be a list of texts such as \"flask>=3\"",
            )?),
            None => None,
        },
        files: files(table),
        is_dynamic: project
            .and_then(|project| texts(project.get("dynamic")?))
            .is_some_and(|keys| keys.iter().any(|key| key == "dependencies")),
        // Poetry counts Python itself among them.
        is_poetry: poetry
            .and_then(Value::as_table)
            .is_some_and(|table| table.keys().any(|key| key != "python")),
    })
}

/// `[tool.setuptools.dynamic] dependencies = { file = "requirements.txt" }`
fn files(table: &Table) -> Vec<PathBuf> {
    let Some(file) = at(
        table,
        &["tool", "setuptools", "dynamic", "dependencies", "file"],
    ) else {
        return Vec::new();
    };
    let files = file.as_str().map(|file| vec![file.to_owned()]);
    let files = files.or_else(|| texts(file)).unwrap_or_default();
    files.into_iter().map(PathBuf::from).collect()
}

fn at<'t>(table: &'t Table, path: &[&str]) -> Option<&'t Value> {
    let (first, rest) = path.split_first()?;
    let value = table.get(*first)?;
    rest.iter().try_fold(value, |value, key| value.get(*key))
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let items = value.as_array()?.iter();
    items.map(|item| Some(item.as_str()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Metadata {
        parse(&text.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_project_says_its_name_and_dependencies() {
        let found = parsed("[project]\nname = \"shop\"\ndependencies = [\"flask>=3\"]");
        assert_eq!(found.name.as_deref(), Some("shop"));
        assert_eq!(
            found.dependencies.as_deref(),
            Some(&["flask>=3".to_owned()][..])
        );
        assert!(!found.is_dynamic && !found.is_poetry);
    }

    #[test]
    fn other_forms_are_told_apart() {
        let found =
            parsed("[tool.poetry]\nname = \"shop\"\n[tool.poetry.dependencies]\npython = \"3\"");
        assert!(!found.is_poetry);
        assert_eq!(found.name.as_deref(), Some("shop"));
        assert!(parsed("[tool.poetry.dependencies]\nflask = \"3\"").is_poetry);
        let found = parsed(
            "[project]\ndynamic = [\"dependencies\"]\n\
             [tool.setuptools.dynamic]\ndependencies = { file = [\"r.txt\"] }",
        );
        assert!(found.is_dynamic);
        assert_eq!(found.files, [Path::new("r.txt")]);
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "[project]\nname = \n").unwrap();
        let error = read(folder.path()).unwrap_err();
        assert_eq!(error.place().unwrap().line, Some(2), "{error}");
        assert!(parse(&"[project]\ndependencies = 1".parse().unwrap()).is_err());
    }
}
