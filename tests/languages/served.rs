use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::c::build;
use crate::support::host::{BINARY, End, cache, run};
use crate::support::site::{as_text, wait_for_response};
use crate::support::{Host, guests};

/// A project of one language, whose app answers with a word.
struct Project {
    folder: TempDir,
    /// The file that has the word.
    file: &'static str,
    text: &'static str,
}

const C: (&str, &str) = (
    "app.c",
    "#include \"wasgi.h\"\n\
     int wasgi_app(wasgi_request *request, wasgi_response *response) {\n\
     return wasgi_reply(response, 200, \"text/plain\", \"one\");\n}\n",
);

const ZIG: (&str, &str) = (
    "main.zig",
    "const wasgi = @import(\"wasgi\");\n\
     pub fn handle(_: wasgi.Request, response: wasgi.Response) !void {\n\
     try response.print(\"one\", .{});\n}\n\
     comptime { wasgi.serve(handle); }\npub const panic = wasgi.panic;\n",
);

const TYPESCRIPT: (&str, &str) = (
    "src/index.ts",
    "const word: string = \"one\";\nexport default () =>\nnew Response(word);\n",
);

const MIDDLEWARE: (&str, &str) = (
    "src/index.js",
    "import { next } from \"wasgi/middleware\";\n\
     export default async (request) => {\n\
     const response = await next(request);\n\
     return new Response(\"one\", response);\n};\n",
);

const RUST: (&str, &str) = (
    "src/main.rs",
    "fn main() {\n\
     println!(\"content-type: text/plain\\n\");\nprint!(\"one\");\n}\n",
);

impl Project {
    fn of((file, text): (&'static str, &'static str), others: &[(&str, &str)]) -> Self {
        let project = Self {
            folder: TempDir::new().unwrap(),
            file,
            text,
        };
        project.put(file, text);
        for (name, text) in others {
            project.put(name, text);
        }
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("project").join(name)
    }

    /// Writes a file as an editor does.
    fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let part = path.with_extension("part~");
        fs::write(&part, text).unwrap();
        fs::rename(part, path).unwrap();
    }

    fn serve(&self) -> Host {
        // Not with a host's patience: the first build installs and compiles what all need.
        let end = build(&self.path(""), &self.folder.path().join("first.wasm"));
        assert_eq!(end.code, Some(0), "{}", end.stderr);
        let (cache, state) = (cache(), self.folder.path().join("state"));
        let mut command = Command::new(BINARY);
        command
            .args(["serve", ".", "--addr", "127.0.0.1:0"])
            .args(["--cache", as_text(&cache), "--state", as_text(&state)])
            .current_dir(self.path(""));
        Host::serve_by(&mut command)
    }

    /// Serves the project, changes it, breaks it and mends it. `broken` stands in place of the word
    /// with what is around it, and `place` and `message` are told of that.
    fn is_followed(&self, broken: (&str, &str), place: &str, message: &str) {
        let host = self.serve();
        let _shown = host.show_on_failure();
        assert_eq!(host.get("/").text(), "one");
        let answers = |word: &str| wait_for_response(&host, "/", |got| got.body == word.as_bytes());
        let edit = |old: &str, new: &str| {
            assert!(self.text.contains(old));
            self.put(self.file, &self.text.replace(old, new));
        };

        let served = match self.text.contains("wasgi/middleware") {
            true => "its middleware was loaded anew",
            false => "serves another file",
        };
        edit("one", "two");
        host.stderr().wait_for_build(0, &[served]);
        answers("two");

        edit(broken.0, broken.1);
        let said = host
            .stderr()
            .wait_for_build(0, &["what is served stays as it was"]);
        for part in [place, message] {
            assert!(said.contains(part), "{part} is not in {said}");
        }
        assert_eq!(host.get("/").text(), "two");

        edit("one", "three");
        host.stderr().wait_for_build(1, &[served]);
        answers("three");
        // What is built lies in the cache: the folder has what it had, but for what tools keep.
        assert!(!self.path("project.wasm").exists());
    }
}

#[test]
fn a_project_in_c_is_built_again_when_it_changes() {
    Project::of(C, &[]).is_followed(
        ("\"one\"", "word"),
        "app.c:3",
        "undeclared identifier 'word'",
    );
}

#[test]
fn a_project_in_zig_is_built_again_when_it_changes() {
    let broken = ("\"one\"", "word");
    Project::of(ZIG, &[]).is_followed(broken, "main.zig:3", "use of undeclared identifier 'word'");
}

#[test]
fn a_project_in_typescript_is_built_again_when_it_changes() {
    let package = ("package.json", "{ \"name\": \"project\" }");
    let broken = ("new Response(word)", "new Response(;");
    Project::of(TYPESCRIPT, &[package]).is_followed(broken, "src/index.ts:3", "Unexpected \";\"");
}

#[test]
fn a_project_in_rust_is_built_again_when_it_changes() {
    let manifest = (
        "Cargo.toml",
        "[package]\nname = \"project\"\nedition = \"2024\"\n[workspace]\n",
    );
    let broken = ("print!(\"one\")", "print!(\"{word}\")");
    let message = "cannot find value `word` in this scope";
    Project::of(RUST, &[manifest]).is_followed(broken, "src/main.rs:3", message);
}

#[test]
fn a_middleware_is_built_again_when_it_changes() {
    let manifest = format!(
        "[[app]]\ncomponent = '{}'\n[[app.middleware]]\nsource = '.'\n",
        guests::path("hello").display()
    );
    let others = [
        ("wasgi.toml", manifest.as_str()),
        ("package.json", "{ \"name\": \"project\" }"),
    ];
    let broken = ("new Response(\"one\"", "new Response(;");
    Project::of(MIDDLEWARE, &others).is_followed(broken, "src/index.js:4", "Unexpected \";\"");
}

#[test]
fn a_script_is_served_by_its_name() {
    let project = Project::of(("app.js", "export default () => new Response('one');"), &[]);
    let host = Host::serve(&[as_text(&project.path("app.js"))]);
    assert_eq!(host.get("/").text(), "one");
}

fn fails_to_serve(project: &Project) -> End {
    let cache = cache();
    let folder = project.path("");
    run(&[
        "serve",
        as_text(&folder),
        "--cache",
        as_text(&cache),
        "--addr",
        "127.0.0.1:0",
    ])
}

#[test]
fn what_does_not_build_at_the_start_ends_it() {
    let project = Project::of(C, &[]);
    // So that the tools are there.
    let built = build(&project.path(""), &project.folder.path().join("first.wasm"));
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    project.put("app.c", &C.1.replace("\"one\"", "word"));
    let end = fails_to_serve(&project);
    assert_eq!(end.code, Some(1), "{}", end.stderr);
    for part in [
        "app.c:3",
        "undeclared identifier 'word'",
        "1 error generated",
    ] {
        assert!(end.stderr.contains(part), "{part} is not in {}", end.stderr);
    }
}

#[test]
fn a_workspace_is_no_app() {
    let project = Project::of(("Cargo.toml", "[workspace]\nmembers = []\n"), &[]);
    let end = fails_to_serve(&project);
    assert_eq!(end.code, Some(1), "{}", end.stderr);
    for part in ["got a workspace", "name the folder of the package"] {
        assert!(end.stderr.contains(part), "{part} is not in {}", end.stderr);
    }
}
