//! The templates of `wasgi new`, which this program carries.
//!
//! Owns which there are and what stands in a project of each. Their files are in
//! `host/cli/templates`: each folder there is a project as it stands, called [`PLACEHOLDER`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};

use super::sdk;
use crate::failure::Failure;

/// A project's files: where each is, and what stands in it.
pub(super) type Files = BTreeMap<PathBuf, Cow<'static, [u8]>>;

/// What a project can be made from.
#[derive(Debug)]
pub(super) struct Template {
    /// What it is called, as its folder.
    pub(super) name: &'static str,
    /// What it is, in a few words.
    about: &'static str,
    /// Each adds what is not in the template's own folder.
    brings: &'static [fn(&mut Files)],
}

/// All of them, in the order in which they are shown.
pub(super) static ALL: [Template; 13] = [
    Template {
        name: "flask",
        about: "Python: Flask, with a template",
        brings: &[],
    },
    Template {
        name: "django",
        about: "Python: Django, with its admin and a database",
        brings: &[],
    },
    Template {
        name: "fastapi",
        about: "Python: FastAPI, with pydantic 2",
        brings: &[sdk::add_wheels],
    },
    Template {
        name: "ruby",
        about: "Ruby: Rack",
        brings: &[],
    },
    Template {
        name: "js",
        about: "JavaScript: a `fetch` function",
        brings: &[],
    },
    Template {
        name: "ts-hono",
        about: "TypeScript: Hono",
        brings: &[],
    },
    Template {
        name: "rust",
        about: "Rust, with the SDK",
        brings: &[sdk::add_rust],
    },
    Template {
        name: "go",
        about: "Go: net/http, with the SDK",
        brings: &[sdk::add_go],
    },
    Template {
        name: "c",
        about: "C, with the SDK",
        brings: &[],
    },
    Template {
        name: "zig",
        about: "Zig, with the SDK",
        brings: &[],
    },
    Template {
        name: "cgi",
        about: "Rust: a CGI program, without any dependency",
        brings: &[],
    },
    Template {
        name: "middleware-rust",
        about: "Rust: a middleware, in front of any app",
        brings: &[sdk::add_rust, sdk::add_hello],
    },
    Template {
        name: "middleware-js",
        about: "JavaScript: a middleware, in front of any app",
        brings: &[sdk::add_hello],
    },
];

static FOLDERS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// What each template calls its app. It is a good name, so that a template works as it stands.
const PLACEHOLDER: &str = "app-name";

/// What tools leave in a template's folder that was worked on.
const LEFT_OUT: [&str; 4] = ["__pycache__", "target", ".venv", "node_modules"];

/// Finds a template.
pub(super) fn find(name: &str) -> Result<&'static Template, Failure> {
    if let Some(found) = ALL.iter().find(|template| template.name == name) {
        return Ok(found);
    }
    let failure = Failure::usage(format!("there is no template `{}`", name.escape_debug()));
    let alike = |template: &Template| strsim::jaro_winkler(name, template.name);
    let nearest = ALL
        .iter()
        .max_by(|one, other| alike(one).total_cmp(&alike(other)));
    Err(shown_with(match nearest {
        Some(template) if alike(template) >= ALIKE => {
            failure.hint(format!("did you mean `{}`?", template.name))
        }
        _ => failure,
    }))
}

/// How alike two names are, from 0 to 1, for one to be taken as the other misspelt. `djago` and
/// `django` are at 0.96, `cobol` and `c` at 0.76.
const ALIKE: f64 = 0.8;

/// An error with the templates below it.
pub(super) fn shown_with(failure: Failure) -> Failure {
    Failure {
        output: list().into(),
        ..failure
    }
}

/// A line for each template.
pub(super) fn list() -> String {
    rows().map(|row| row + "\n").collect()
}

/// Each template's name and what it is.
pub(super) fn rows() -> impl Iterator<Item = String> {
    let width = ALL
        .iter()
        .map(|template| template.name.len())
        .max()
        .unwrap_or(0);
    ALL.iter()
        .map(move |Template { name, about, .. }| format!("{name:width$}  {about}"))
}

impl Template {
    /// The files of a project of this name.
    pub(super) fn files(&self, name: &str) -> Files {
        let mut files = Files::new();
        for (path, text) in self.own() {
            let text = text.replace(PLACEHOLDER, name);
            files.insert(path.to_owned(), Cow::Owned(text.into_bytes()));
        }
        for bring in self.brings {
            bring(&mut files);
        }
        files
    }

    /// The first commands of the `README.md`: they build and serve the project.
    pub(super) fn first_commands(&self, name: &str) -> Vec<String> {
        let readme = self.own().find(|(path, _)| *path == Path::new("README.md"));
        let text = readme.map_or("", |(_, text)| text);
        text.lines()
            .skip_while(|line| *line != "```sh")
            .skip(1)
            .take_while(|line| *line != "```")
            .map(|line| line.replace(PLACEHOLDER, name))
            .collect()
    }

    /// The template's own files, relative to its folder. All of them are text.
    fn own(&self) -> impl Iterator<Item = (&'static Path, &'static str)> {
        let mut found = Vec::new();
        collect(FOLDERS.get_dir(self.name), &mut found);
        found
            .into_iter()
            .filter_map(|(path, text)| Some((path.strip_prefix(self.name).ok()?, text)))
    }
}

fn collect(dir: Option<&'static Dir<'static>>, found: &mut Vec<(&'static Path, &'static str)>) {
    for entry in dir.into_iter().flat_map(Dir::entries) {
        let name = entry.path().file_name().and_then(OsStr::to_str);
        match entry {
            _ if name.is_some_and(|name| LEFT_OUT.contains(&name)) => {}
            DirEntry::Dir(dir) => collect(Some(dir), found),
            DirEntry::File(file) => {
                found.extend(file.contents_utf8().map(|text| (file.path(), text)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::new::name;

    #[test]
    fn each_folder_is_a_template_and_each_template_has_one() {
        let mut folders: Vec<_> = FOLDERS
            .dirs()
            .filter_map(|dir| dir.path().to_str())
            .collect();
        let mut names: Vec<_> = ALL.iter().map(|template| template.name).collect();
        folders.sort_unstable();
        names.sort_unstable();
        assert_eq!(folders, names);
        assert_eq!(name::check(PLACEHOLDER), Ok(()));
    }

    #[test]
    fn each_project_has_its_name_and_what_a_project_needs() {
        for template in &ALL {
            let files = template.files("shop");
            for needed in ["README.md", "wasgi.toml", ".gitignore"] {
                assert!(
                    files.contains_key(Path::new(needed)),
                    "{}: {needed}",
                    template.name
                );
            }
            for (path, content) in &files {
                let is_named = String::from_utf8_lossy(content).contains(PLACEHOLDER);
                assert!(!is_named, "{}: {}", template.name, path.display());
            }
            let commands = template.first_commands("shop");
            assert!(
                commands
                    .iter()
                    .any(|line| line.starts_with("wasgi serve .")),
                "{commands:?}"
            );
        }
    }

    #[test]
    fn a_misspelt_template_is_told_from_an_unknown_one() {
        let hint = |name| find(name).unwrap_err().hint.unwrap_or_default();
        assert_eq!(&*hint("flsk"), "did you mean `flask`?");
        assert_eq!(&*hint("midleware-rust"), "did you mean `middleware-rust`?");
        assert_eq!(&*hint("cobol"), "");
    }
}
