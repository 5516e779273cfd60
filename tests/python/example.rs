use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

pub(crate) use crate::support::built::component;
use crate::support::host::{BINARY, cache};
use crate::support::site::as_text;
use crate::support::{Host, Isolation, root};

/// An example with its own manifest and its files, in a folder that its host may write to.
pub(crate) struct Example(TempDir);

impl Example {
    /// The example of this name, to be served from its component.
    pub(crate) fn built(name: &'static str) -> Self {
        let example = Self::in_source(name);
        let source = root().join("examples").join(name);
        let component = component(name, &[as_text(&source)]);
        fs::hard_link(component, example.path(&format!("{name}.wasm"))).unwrap();
        example
    }

    /// The example of this name, to be served from its source.
    pub(crate) fn in_source(name: &str) -> Self {
        let example = Self(TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
        copy(&root().join("examples").join(name), &example.path(""));
        example
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("example").join(name)
    }

    /// Replace a part of the manifest.
    pub(crate) fn with(self, part: &str, other: &str) -> Self {
        let manifest = self.path("wasgi.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        assert!(text.contains(part), "{part:?} is not in {text}");
        fs::write(manifest, text.replacen(part, other, 1)).unwrap();
        self
    }

    /// The same at another place of the host.
    pub(crate) fn mounted(self, path: &str) -> Self {
        self.with("path = \"/\"", &format!("path = \"{path}\""))
    }

    pub(crate) fn serve(&self, isolation: Isolation) -> Host {
        let isolation = match isolation {
            Isolation::Fresh => "request",
            Isolation::Reuse => "reuse",
        };
        self.serve_with(&["--isolation", isolation])
    }

    pub(crate) fn serve_with(&self, args: &[&str]) -> Host {
        let mut command = Command::new(BINARY);
        command.arg("serve").arg(self.path(""));
        command.args(["--addr", "127.0.0.1:0"]).args(args);
        command.arg("--cache").arg(cache());
        command.arg("--state").arg(self.0.path().join("state"));
        Host::serve_by(&mut command)
    }
}

/// Copies a project, but for what was built of it and what it has kept.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let is_data = from.iter().any(|part| part == "data");
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy(&from, &to);
        } else if !is_data && from.extension().is_none_or(|end| end != "wasm") {
            fs::copy(from, to).unwrap();
        }
    }
}
