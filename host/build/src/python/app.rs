//! Where the app is: as it is named, or as users of gunicorn, Flask, Django and FastAPI expect.
//!
//! Owns which files and names are looked at, and in which order. It runs nothing: it reads source.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::scan::{self, Kind};
use crate::error::BuildError;

/// An app that was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it is, as Python says it.
    pub(super) module: String,
    /// The folder from which it is imported.
    pub(super) source: PathBuf,
}

/// Takes a name that somebody gave. `is_all` says that nothing but the source can have the module.
pub(super) fn named(folder: &Path, text: &str, is_all: bool) -> Result<Found, BuildError> {
    let (module, attribute) = match text.split_once(':') {
        Some((module, attribute)) => (module, Some(attribute)),
        None => (text, None),
    };
    // `app.py` is how Flask's users write it.
    let module = module
        .strip_suffix(".py")
        .unwrap_or(module)
        .replace('/', ".");
    let is_path = |path: &str| path.split('.').all(scan::is_identifier);
    let is_attribute = |text: &str| is_path(text.strip_suffix("()").unwrap_or(text));
    if !is_path(&module) || !attribute.is_none_or(is_attribute) {
        return Err(BuildError::usage(format!(
            "expected an app such as `app:app` or `package.module:create_app()`, got {text:?}"
        )));
    }
    let sources = sources(folder);
    let source = sources
        .iter()
        .find(|source| file_of(source, &module).is_some());
    if source.is_none() && is_all {
        let path = module.replace('.', "/");
        return Err(BuildError::new(format!(
            "cannot find the module `{module}`: expected {path}.py or {path}/__init__.py in {}",
            folder.display()
        )));
    }
    let module = match attribute {
        Some(attribute) => format!("{module}:{attribute}"),
        None => module,
    };
    let source = source.unwrap_or(&sources[0]).clone();
    Ok(Found { module, source })
}

/// Finds the app.
pub(super) fn find(folder: &Path) -> Result<Found, BuildError> {
    if let Some(module) = django(folder) {
        let source = folder.to_owned();
        return Ok(Found { module, source });
    }
    if let Some(module) = flaskenv(folder) {
        return named(folder, &module, false);
    }
    let mut looked_at = BTreeSet::new();
    for source in sources(folder) {
        for rank in ranks(&source) {
            let names: Vec<_> = rank.iter().map(|name| name.replace('.', "/")).collect();
            looked_at.extend(names.iter().map(|name| format!("{name}.py")));
            match &candidates(&source, &rank)[..] {
                [] => {}
                [module] => {
                    let module = module.clone();
                    return Ok(Found { module, source });
                }
                several => {
                    let several = several.join("`, `");
                    return Err(BuildError::new(format!(
                        "there is more than one app in {}: `{several}`",
                        source.display()
                    ))
                    .hint("say which with `--module`, or with `module = \"…\"` in [build]"));
                }
            }
        }
    }
    let looked_at: Vec<_> = looked_at.into_iter().take(LOOKED_AT_MAX).collect();
    Err(BuildError::new(format!(
        "cannot find the app in {}: looked for {} in {}",
        folder.display(),
        "`app`, `application` or `create_app()` at the top level of a module",
        looked_at.join(", ")
    ))
    .hint("name it with `--module package.module:attribute`, or with `module = \"…\"` in [build]"))
}

/// Files that are named in an error.
const LOOKED_AT_MAX: usize = 24;

/// The folders that modules are imported from: the project's, and `src` in it.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut sources = vec![folder.to_owned()];
    let src = folder.join("src");
    if src.is_dir() && !src.join("__init__.py").is_file() {
        sources.push(src);
    }
    sources
}

/// The modules to look at: those of a rank before those of the next.
fn ranks(source: &Path) -> Vec<Vec<String>> {
    // These are made to name the app, whatever else there is.
    const ENTRIES: [&str; 2] = ["wsgi", "asgi"];
    const USUAL: [&str; 4] = ["app", "application", "main", "api"];

    let own = |names: &[&str]| {
        names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<_>>()
    };
    let mut ranks = vec![own(&ENTRIES), own(&USUAL)];
    let packages = packages(source);
    let within = |names: &[&str]| {
        let all = packages.iter().flat_map(|package| {
            let names = names.iter();
            names.map(move |name| format!("{package}.{name}"))
        });
        all.collect::<Vec<_>>()
    };
    ranks.push(within(&ENTRIES));
    ranks.push(packages.clone());
    ranks.push(within(&USUAL));
    ranks
}

/// The packages in a folder. Those of tests have apps that nobody wants served.
fn packages(source: &Path) -> Vec<String> {
    const NOT: [&str; 4] = ["tests", "test", "docs", "examples"];
    let mut packages: Vec<_> = fs::read_dir(source)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("__init__.py").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| scan::is_identifier(name) && !NOT.contains(&&**name))
        // Limit: PACKAGES_MAX
        .take(PACKAGES_MAX)
        .collect();
    packages.sort_unstable();
    packages
}

/// Packages that are looked at.
const PACKAGES_MAX: usize = 64;

/// The modules among these that have an app. What is only imported counts where nothing is
/// defined: `main.py` often imports what `app.py` defines.
fn candidates(source: &Path, modules: &[String]) -> Vec<String> {
    let scanned: Vec<_> = modules
        .iter()
        .filter_map(|module| Some((module, scan::names(&read(&file_of(source, module)?)?))))
        .collect();
    let with = |is_wanted: fn(Kind) -> bool| {
        scanned
            .iter()
            .filter_map(|(module, names)| {
                Some(format!("{module}:{}", attribute(names, is_wanted)?))
            })
            .collect::<Vec<_>>()
    };
    let defined = with(|kind| kind != Kind::Imported);
    if defined.is_empty() {
        return with(|_| true);
    }
    defined
}

/// The app among a module's names, as Flask looks for it.
fn attribute(names: &[scan::Name], is_wanted: fn(Kind) -> bool) -> Option<String> {
    let has = |wanted: &str, kinds: &dyn Fn(Kind) -> bool| {
        let mut names = names.iter();
        names.any(|name| name.name == wanted && is_wanted(name.kind) && kinds(name.kind))
    };
    let app = ["app", "application"].into_iter();
    let factory = ["create_app", "make_app"].into_iter();
    let mut found = app.filter(|name| has(name, &|_| true)).map(str::to_owned);
    let is_function = |kind| kind != Kind::Defined;
    found.next().or_else(|| {
        let mut found = factory.filter(|name| has(name, &is_function));
        found.next().map(|name| format!("{name}()"))
    })
}

/// The file of a module.
fn file_of(source: &Path, module: &str) -> Option<PathBuf> {
    let path = source.join(module.replace('.', "/"));
    let files = [path.with_extension("py"), path.join("__init__.py")];
    files.into_iter().find(|file| file.is_file())
}

/// What is looked at of a file. None: it is no text.
fn read(file: &Path) -> Option<String> {
    let mut source = Vec::new();
    let file = File::open(file).ok()?;
    // Limit: SOURCE_BYTES_MAX
    file.take(SOURCE_BYTES_MAX).read_to_end(&mut source).ok()?;
    String::from_utf8(source).ok()
}

/// Bytes of a module that are looked at.
const SOURCE_BYTES_MAX: u64 = 1024 * 1024;

/// The app of a Django project, told by its `manage.py`.
fn django(folder: &Path) -> Option<String> {
    let manage = read(&folder.join("manage.py"))?;
    let (_, rest) = manage.split_once("DJANGO_SETTINGS_MODULE")?;
    // `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")`
    let (_, rest) = rest.split_once(',')?;
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|c| ['"', '\''].contains(c))?;
    let (settings, _) = rest[1..].split_once(quote)?;
    let mut package = settings;
    // Settings may be a package of their own: `mysite.settings.production`.
    while let Some((outer, _)) = package.rsplit_once('.') {
        for entry in ["wsgi", "asgi"] {
            let module = format!("{outer}.{entry}");
            if file_of(folder, &module).is_some() {
                return Some(format!("{module}:application"));
            }
        }
        package = outer;
    }
    None
}

/// The app that `.flaskenv` names, as Flask reads it.
fn flaskenv(folder: &Path) -> Option<String> {
    let text = read(&folder.join(".flaskenv"))?;
    let value = text.lines().find_map(|line| {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (key, value) = line.split_once('=')?;
        (key.trim() == "FLASK_APP").then(|| value.trim())
    })?;
    Some(value.trim_matches(['"', '\'']).to_owned())
}

#[cfg(test)]
mod tests;
