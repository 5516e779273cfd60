use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::host::{BINARY, cache};
use crate::support::site::as_text;
use crate::support::{Host, guests};

behaves!("c");

/// A project of some files.
pub(super) struct Project(TempDir);

impl Project {
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn build(&self, target: &Path, output: &str) -> End {
        build(target, &self.path(output))
    }
}

/// How a build ended.
pub(super) struct End {
    pub(super) code: Option<i32>,
    pub(super) stderr: String,
}

/// Builds not with a test's patience: the first one installs and compiles what all need.
pub(super) fn build(target: &Path, output: &Path) -> End {
    let mut command = Command::new(BINARY);
    command.args(["build", "--cache", as_text(&cache())]);
    let ended = command.arg("--output").args([output, target]).output();
    let ended = ended.unwrap();
    End {
        code: ended.status.code(),
        stderr: String::from_utf8(ended.stderr).unwrap(),
    }
}

const APP: &str = "\
#include \"wasgi.h\"
int wasgi_app(wasgi_request *request, wasgi_response *response) {
  return wasgi_reply(response, 200, \"text/plain\", request->path);
}
";

#[test]
fn is_built_once_and_again_when_it_changes() {
    let project = Project::of(&[("app.c", APP)]);
    let folder = project.path("");
    let first = project.build(&folder, "app.wasm");
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert!(
        first.stderr.contains("1 file, compiled by"),
        "{}",
        first.stderr
    );
    let again = project.build(&folder, "app.wasm");
    assert!(again.stderr.contains("is up to date"), "{}", again.stderr);
    let other = APP.replace("request->path", "\"changed\"");
    fs::write(project.path("app.c"), other).unwrap();
    assert_eq!(project.build(&folder, "app.wasm").code, Some(0));
    let host = Host::serve(&[as_text(&project.path("app.wasm"))]);
    assert_eq!(host.get("/").text(), "changed");
}

#[test]
fn an_error_is_told_with_its_file_and_line() {
    let project = Project::of(&[("src/app.c", &APP.replace("->path", "->paht"))]);
    let end = project.build(&project.path(""), "app.wasm");
    assert_eq!(end.code, Some(1), "{}", end.stderr);
    for part in ["src/app.c:3: no member named 'paht'", "1 error generated"] {
        assert!(end.stderr.contains(part), "{}", end.stderr);
    }
}

#[test]
fn what_nothing_defines_is_named() {
    let project = Project::of(&[("app.c", "#include \"wasgi.h\"\nint x;\n")]);
    let end = project.build(&project.path(""), "app.wasm");
    assert_eq!(end.code, Some(1), "{}", end.stderr);
    for part in ["nothing defines `wasgi_app`", "define `int wasgi_app("] {
        assert!(end.stderr.contains(part), "{}", end.stderr);
    }
}

#[test]
fn cpp_is_compiled_with_its_library() {
    let app = "\
#include <string>
#include <vector>
#include \"wasgi.h\"
static const std::vector<std::string> parts = {\"made \", \"by \", \"a constructor\"};
int wasgi_app(wasgi_request *, wasgi_response *response) {
  std::string all;
  for (const auto &part : parts) all += part;
  return wasgi_reply(response, 200, \"text/plain\", all.c_str());
}
";
    let project = Project::of(&[("app.cpp", app)]);
    let end = project.build(&project.path(""), "app.wasm");
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    let host = Host::serve(&[as_text(&project.path("app.wasm"))]);
    assert_eq!(host.get("/").text(), "made by a constructor");
}

#[test]
fn a_core_module_becomes_a_component_and_a_command_needs_none() {
    let project = Project::of(&[("readme.wasm", "no module"), ("notes.txt", "")]);
    for (file, parts) in [
        ("readme.wasm", ["it is not WebAssembly", "readme.wasm"]),
        (
            "notes.txt",
            ["expected a folder or a core module", "notes.txt"],
        ),
    ] {
        let end = project.build(&project.path(file), "out.wasm");
        assert_ne!(end.code, Some(0));
        for part in parts {
            assert!(end.stderr.contains(part), "{}", end.stderr);
        }
    }
    let end = project.build(&guests::path("cgi1-hello"), "out.wasm");
    assert_eq!(end.code, Some(1), "{}", end.stderr);
    assert!(
        end.stderr.contains("served as CGI as it is"),
        "{}",
        end.stderr
    );
}
