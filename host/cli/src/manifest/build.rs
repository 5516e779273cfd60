//! `[build]`: how components are made of source.

use std::path::{Path, PathBuf};

use toml::Spanned;
use wasgi_build::Settings;

use super::table::Table;

/// What `[build]` says.
#[derive(Clone, Debug, Default)]
pub(crate) struct BuildTable {
    /// How a project is built.
    pub(crate) settings: Settings,
    /// The component, relative to the manifest's folder.
    pub(crate) output: Option<PathBuf>,
}

/// An app of the manifest that has source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceApp {
    /// The app in its source.
    pub(crate) module: Option<String>,
    /// The folder of its source, relative to the manifest's.
    pub(crate) source: String,
    /// The component that it is built to, relative to the manifest's folder.
    pub(crate) component: Option<PathBuf>,
}

impl BuildTable {
    /// How an app is built whose `[[app]]` names this module. `folder` is the manifest's.
    pub(crate) fn settings_of(&self, folder: &Path, module: Option<String>) -> Settings {
        let mut settings = self.settings.clone();
        settings.module = module.or(settings.module);
        // The file is named beside the manifest, and the source may lie elsewhere.
        let beside = |file: PathBuf| std::path::absolute(folder.join(&file)).unwrap_or(file);
        settings.requirements = settings.requirements.map(beside);
        settings.wheels = settings.wheels.map(beside);
        settings
    }
}

/// Reads the table.
pub(super) fn read(table: &mut Table<'_>) -> BuildTable {
    let text = |table: &mut Table<'_>, key| table.text(key).map(Spanned::into_inner);
    let settings = Settings {
        language: text(table, "language"),
        engine: text(table, "engine"),
        flags: texts(table, "flags"),
        module: text(table, "module"),
        requirements: text(table, "requirements").map(PathBuf::from),
        wheels: text(table, "wheels").map(PathBuf::from),
        warm: table.has("warm").then(|| warm(table)),
        include: texts(table, "include"),
        env: table
            .names("env")
            .into_iter()
            .map(|(name, value)| (name.into_inner(), value.into_inner()))
            .collect(),
    };
    BuildTable {
        settings,
        output: text(table, "output").map(PathBuf::from),
    }
}

/// Paths that the app is asked for.
fn warm(table: &mut Table<'_>) -> Vec<String> {
    let paths = table.texts("warm").map(Spanned::into_inner);
    let paths = paths.unwrap_or_default();
    for path in &paths {
        let text = path.get_ref();
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
        if !text.starts_with('/') || !text.bytes().all(is_plain) {
            let message = format!("expected a path such as \"/items?page=2\", got {text:?}");
            table.faults.wrong(&path.span(), message);
        }
    }
    // Limit: WARM_MAX
    if let Some(path) = paths.get(WARM_MAX) {
        let message = format!("expected {WARM_MAX} paths at most, got {}", paths.len());
        table.faults.wrong(&path.span(), message);
    }
    paths.into_iter().map(Spanned::into_inner).collect()
}

/// Paths that are requested before an app is frozen.
const WARM_MAX: usize = 100;

fn texts(table: &mut Table<'_>, key: &'static str) -> Vec<String> {
    let texts = table.texts(key).map(Spanned::into_inner);
    let texts = texts.unwrap_or_default().into_iter();
    texts.map(Spanned::into_inner).collect()
}
