//! A source folder, read and understood.
//!
//! Owns which language a project is in. It runs nothing and installs nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::BuildError;
use crate::{c, go, js, module, python, ruby, rust, zig};

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
    /// C or C++, with `wasgi.h`.
    C(c::App),
    /// Go, with the module `wasgi` or `net/http/cgi`.
    Go(go::App),
    /// A function from a `Request` to a `Response`, in JavaScript or TypeScript.
    Js(js::App),
    /// None that matters: a core module of WebAssembly, which is compiled already.
    Module(module::App),
    /// A WSGI or ASGI application, or a plain handler.
    Python(python::App),
    /// What Rack runs, in Ruby.
    Ruby(ruby::App),
    /// Rust, whatever it exports.
    Rust(rust::App),
    /// Zig, with the module `wasgi`.
    Zig(zig::App),
}

/// What somebody says of a project. What is not said is found in the source.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The language, if it is not to be told from the files: `c`, `go`, `js`, `python`, `ruby`,
    /// `rust`, `zig`.
    pub language: Option<String>,
    /// What evaluates an app in JavaScript: `quickjs`, or `starlingmonkey`. None: `quickjs`.
    pub engine: Option<String>,
    /// What the compiler is told besides.
    pub flags: Vec<String>,
    /// The app: `package.module:attribute` in Python, a file in JavaScript, a package such as
    /// `./cmd/server` in Go.
    pub module: Option<String>,
    /// The file that lists what the app needs, relative to the project's folder.
    pub requirements: Option<PathBuf>,
    /// The folder of wheels for the guest that the app brings along, relative to the project's.
    pub wheels: Option<PathBuf>,
    /// Paths that are requested before the app is frozen. None: `/`.
    pub warm: Option<Vec<String>>,
    /// Patterns of files that become part of the component although their names say otherwise.
    pub include: Vec<String>,
    /// The environment that the app sees while it is frozen, and later, unless it is granted
    /// another.
    pub env: BTreeMap<String, String>,
}

/// A quick look at a folder.
type IsProject = fn(&Path) -> bool;

/// The languages, each with what its projects are told by. Of several that a folder may be in, it
/// is in the first: many projects have a `package.json` for what browsers load.
const LANGUAGES: [(&str, IsProject); 7] = [
    ("zig", zig::is_project),
    ("go", go::is_project),
    ("ruby", ruby::is_project),
    ("python", python::is_project),
    ("rust", rust::is_project),
    ("js", js::is_project),
    ("c", c::is_project),
];

/// Whether a folder has anything that `detect` knows: a quick look.
pub fn is_project(folder: &Path) -> bool {
    LANGUAGES.iter().any(|(_, is_project)| is_project(folder))
}

/// What the projects of all languages are told by, for people.
pub fn marks() -> String {
    format!(
        "{} (Rust), {}, {} (JavaScript), {}, {}, {} (Ruby), or one of {} (Python)",
        rust::MARK,
        go::MARKS,
        js::MARKS.join(", "),
        c::MARKS,
        zig::MARKS,
        ruby::ROOT,
        python::MARKS.join(", ")
    )
}

impl Project {
    /// Folders in it that its tools write to. None of them need be there.
    pub fn made(&self) -> Vec<PathBuf> {
        match &self.language {
            Language::Rust(_) => rust::made(&self.folder),
            _ => Vec::new(),
        }
    }
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
    let known = language(&folder, &settings)?;
    if settings.engine.is_some() && known != "js" {
        let message = format!("expected no `engine`: only JavaScript has several, this is {known}");
        return Err(BuildError::usage(message));
    }
    let (name, language) = match known {
        "c" => (None, Language::C(c::detect(&folder, settings)?)),
        "go" => (None, Language::Go(go::detect(&folder, settings)?)),
        "zig" => (None, Language::Zig(zig::detect(&folder, settings)?)),
        "ruby" => (None, Language::Ruby(ruby::detect(&folder, settings)?)),
        "js" => {
            let (name, app) = js::detect(&folder, settings)?;
            (name, Language::Js(app))
        }
        "rust" => {
            let (name, app) = rust::detect(&folder, settings)?;
            (Some(name), Language::Rust(app))
        }
        _ => {
            let (name, app) = python::detect(&folder, settings)?;
            (name, Language::Python(app))
        }
    };
    Ok(Project {
        name: name.unwrap_or_else(|| folder_name(&folder)),
        language,
        folder,
    })
}

/// The name of the language of a folder.
fn language(folder: &Path, settings: &Settings) -> Result<&'static str, BuildError> {
    let names = || LANGUAGES.iter().map(|(name, _)| *name);
    if let Some(wanted) = &settings.language {
        return names().find(|name| name == wanted).ok_or_else(|| {
            let names: Vec<_> = names().collect();
            BuildError::usage(format!(
                "expected one of the languages {}, got {wanted:?}",
                names.join(", ")
            ))
        });
    }
    match &settings.module {
        Some(module) if go::is_module(module) && go::is_project(folder) => return Ok("go"),
        Some(module) if js::is_script(Path::new(module)) => return Ok("js"),
        Some(_) => return Ok("python"),
        None => {}
    }
    let found = LANGUAGES.iter().find(|(_, is_project)| is_project(folder));
    found.map(|(name, _)| *name).ok_or_else(|| {
        BuildError::new(format!(
            "cannot tell what {} is: a project has {}",
            folder.display(),
            marks()
        ))
        .hint("name the app's folder, or the language in `[build]` of its wasgi.toml")
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(file: &str, settings: Settings) -> String {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(file), "").unwrap();
        detect(folder.path(), settings).unwrap_err().to_string()
    }

    #[test]
    fn what_a_language_does_not_have_is_refused() {
        let engine = |name: &str| Settings {
            engine: Some(name.to_owned()),
            ..Settings::default()
        };
        assert_eq!(
            refusal("main.zig", engine("quickjs")),
            "expected no `engine`: only JavaScript has several, this is zig"
        );
        let cobol = Settings {
            language: Some("cobol".to_owned()),
            ..Settings::default()
        };
        let refused = refusal("main.zig", cobol);
        assert!(
            refused.starts_with("expected one of the languages zig, go"),
            "{refused}"
        );
        assert!(refused.ends_with("got \"cobol\""), "{refused}");
    }
}
