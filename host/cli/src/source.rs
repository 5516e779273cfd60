//! Apps in source: from a project's folder to a component that serves it.
//!
//! Owns which source is run as it is and which is built first, and what is watched of it. What a
//! project is and how it is built is for `wasgi-build` to know.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use wasgi_build::{Cache, Language, Project, Settings, python as py};
use wasgi_gateway::{Access, AppSettings};
use wasgi_server::{Digest, SourceTree};

use crate::args::IsolationChoice;
use crate::failure::{Failure, Failures};
use crate::plan::{Plan, PlannedApp};
use crate::progress::Steps;

mod built;
mod python;

/// The source that an app is served from.
#[derive(Debug)]
pub(crate) struct PlannedSource {
    /// What it is.
    pub(crate) project: Project,
    /// The file that lists what the app requires, if it is named.
    requirements: Option<PathBuf>,
}

/// Looks for an app in a folder. What the settings do not say is looked for where frameworks have
/// it.
pub(crate) fn find(folder: &Path, settings: Settings) -> Result<Box<PlannedSource>, Failure> {
    let requirements = settings.requirements.clone();
    let project = wasgi_build::detect(folder, settings)?;
    let requirements = requirements.map(|file| project.folder.join(file));
    Ok(Box::new(PlannedSource {
        project,
        requirements,
    }))
}

impl PlannedSource {
    /// The app, if it is run from its source as it is: in Python.
    fn python(&self) -> Option<&py::App> {
        match &self.project.language {
            Language::Python(app) => Some(app),
            _ => None,
        }
    }

    /// Whether a component is built of it before it is served.
    pub(crate) fn is_built(&self) -> bool {
        self.python().is_none()
    }

    /// Gives an app what running its source takes. `choice` is what the command line says.
    pub(crate) fn adapt(&self, settings: &mut AppSettings, choice: Option<IsolationChoice>) {
        if self.python().is_some() {
            python::adapt(settings, choice);
        }
    }
}

/// The `module:attribute` that a target is, if it is one.
pub(crate) fn module(target: &Path) -> Option<&str> {
    let text = target.to_str()?;
    let (module, attribute) = text.split_once(':')?;
    let is_name = |name: &str| {
        let mut letters = name.chars();
        letters
            .next()
            .is_some_and(|c| c.is_alphabetic() || c == '_')
            && letters.all(|c| c.is_alphanumeric() || c == '_')
    };
    let attribute = attribute
        .split_once('(')
        .map_or(attribute, |(name, _)| name);
    let is_module = module.split('.').all(is_name) && attribute.split('.').all(is_name);
    is_module.then_some(text)
}

/// Finds or makes what the apps in source run on: the component, and what they require.
pub(crate) fn provide(plan: &mut Plan, cache: Option<PathBuf>) -> Result<(), Failures> {
    if !plan.apps.iter().any(PlannedApp::is_in_source) {
        return Ok(());
    }
    let Some(folder) = cache else {
        let failure = Failure::run_time("there is no folder for what the app requires");
        return Err(failure.hint("name one with --cache").into());
    };
    let cache = Cache::new(&folder.join("build"))?;
    let mut steps = Steps;
    let mut wrong = Failures::default();
    for app in &mut plan.apps {
        if let Err(failure) = provide_one(app, &cache, &folder, &mut steps) {
            wrong.extend([failure]);
        }
    }
    wrong.into_result()
}

fn provide_one(
    app: &mut PlannedApp,
    cache: &Cache,
    folder: &Path,
    steps: &mut Steps,
) -> Result<(), Failure> {
    for middleware in &mut app.middleware {
        if let Some(source) = &middleware.source {
            let name = &middleware.settings.name;
            middleware.component = built::provide(source, name, cache, folder, steps)?;
        }
    }
    let Some(source) = &app.source else {
        return Ok(());
    };
    if source.python().is_some() {
        return python::provide(app, cache, folder, steps);
    }
    app.component = built::provide(source, &app.settings.name, cache, folder, steps)?;
    Ok(())
}

/// A name for what is kept of a folder of source.
fn label(source: &Path) -> String {
    let place = source.canonicalize();
    let place = place.as_deref().unwrap_or(source);
    let digest = Digest::of(place.as_os_str().as_encoded_bytes()).to_string();
    digest[..HASH_DIGITS].to_owned()
}

/// Digits that tell the sources of one user apart.
const HASH_DIGITS: usize = 16;

/// What is watched for an app that is run from its source: that, but for the folders that the app
/// itself writes to.
pub(crate) fn tree(app: &PlannedApp) -> Option<SourceTree> {
    let python = app.source.as_ref()?.python()?;
    Some(SourceTree {
        folder: python.source.clone(),
        except: written(app),
    })
}

/// The folders that an app and its middleware may write to.
fn written(app: &PlannedApp) -> BTreeSet<PathBuf> {
    let middleware = app.middleware.iter().map(|one| &one.settings);
    let dirs = middleware
        .chain([&app.settings])
        .flat_map(|settings| &settings.dirs);
    let written = dirs.filter(|dir| dir.access == Access::ReadWrite);
    written.map(|dir| dir.host.clone()).collect()
}

/// What is watched for an app, and for what stands in front of it, that is built of its source
/// whenever that changes.
pub(crate) fn built_trees(app: &PlannedApp) -> Vec<SourceTree> {
    let tree = |source: &PlannedSource| {
        let mut except = written(app);
        except.extend(source.project.made());
        SourceTree {
            folder: source.project.folder.clone(),
            except,
        }
    };
    let sources = app.programs().filter_map(|(_, source)| source);
    let built = sources.filter(|source| source.is_built());
    built.map(tree).collect()
}

/// The files that say what a project is and requires, and are not watched with its source. None of
/// them need be there.
pub(crate) fn declarations(source: &PlannedSource) -> Vec<PathBuf> {
    if source.python().is_none() {
        return Vec::new();
    }
    let folder = &source.project.folder;
    let usual = ["pyproject.toml", "requirements.txt"].map(|name| folder.join(name));
    usual
        .into_iter()
        .chain(source.requirements.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_with_a_colon_may_be_a_module() {
        for good in [
            "app:app",
            "shop.wsgi:application",
            "a_1:create_app()",
            "a:b.c",
            "a:f('x')",
        ] {
            assert_eq!(module(Path::new(good)), Some(good));
        }
        for bad in [
            "app",
            "app.py",
            "app.wasm",
            "./app:app",
            "1a:b",
            "app:",
            ":app",
            "C:\\a",
            "a:1",
        ] {
            assert_eq!(module(Path::new(bad)), None, "{bad}");
        }
    }
}
