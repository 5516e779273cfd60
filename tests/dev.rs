use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Once;

use tempfile::TempDir;

use crate::support::host::{BINARY, End, cache, run};
use crate::support::site::{as_text, wait_for_response};
use crate::support::wheels::build_extension;
use crate::support::{Host, Response, root};

/// A WSGI app that says `hello`, with other words after it for other paths.
const APP: &str = r#"
import pathlib
import time

requests = 0


def app(environ, start_response):
    global requests
    path = environ["PATH_INFO"]
    if path == "/raise":
        raise ValueError("<script>no</script>")
    if path == "/count":
        # Long enough for others to come meanwhile.
        requests += 1
        time.sleep(0.02)
        text = str(requests)
    elif path == "/page":
        text = pathlib.Path(__file__).with_name("page.txt").read_text()
    elif path == "/end":
        import os

        os.abort()
    elif path == "/write":
        try:
            pathlib.Path(environ["QUERY_STRING"]).write_text("no")
            text = "written"
        except OSError as error:
            text = f"refused: {error}"
    else:
        text = "hello"
    start_response("200 OK", [("content-type", "text/plain")])
    return [text.encode()]
"#;

/// A folder of source.
struct Project(TempDir);

impl Project {
    /// A folder with these files.
    fn new(files: &[(&str, &str)]) -> Self {
        let project = Self(TempDir::new().unwrap());
        for (name, text) in files {
            project.put(name, text);
        }
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("project").join(name)
    }

    /// Writes a file as an editor does.
    fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let part = path.with_extension("part~");
        fs::write(&part, text).unwrap();
        fs::rename(part, path).unwrap();
    }

    /// Serves a target of the folder, which is the current one.
    fn serve(&self, target: &str, more: &[&str]) -> Host {
        // One that has to make what runs source, for all others.
        static FIRST: Once = Once::new();
        FIRST.call_once(|| drop(Self::new(&[("app.py", APP)]).start("app:app", &[])));
        self.start(target, more)
    }

    fn start(&self, target: &str, more: &[&str]) -> Host {
        self.start_by(Command::new(BINARY), target, more)
    }

    fn start_by(&self, mut command: Command, target: &str, more: &[&str]) -> Host {
        let (cache, state) = (cache(), self.0.path().join("state"));
        command
            .args(["serve", target, "--addr", "127.0.0.1:0"])
            .args(["--cache", as_text(&cache), "--state", as_text(&state)])
            .args(more)
            .current_dir(self.path(""));
        Host::serve_by(&mut command)
    }
}

fn text(response: &Response) -> (u16, &str) {
    (response.status, response.text())
}

fn fails_to_serve(target: &str) -> End {
    let end = run(&["serve", target, "--addr", "127.0.0.1:0"]);
    assert_ne!(end.code, Some(0), "{}", end.stderr);
    end
}

#[test]
fn an_app_is_served_by_its_module_its_folder_and_its_file() {
    let project = Project::new(&[("app.py", APP), ("other/shop.py", APP)]);
    let folder = project.path("");
    for target in ["app:app", "app.py", as_text(&folder), "."] {
        let host = project.serve(target, &[]);
        assert_eq!(text(&host.get("/")), (200, "hello"), "{target}");
        host.stderr().wait_for(&["serving the source in"]);
    }
    let shop = Project::new(&[("shop.py", &APP.replace("def app", "def make"))]);
    let host = shop.serve("shop:make", &[]);
    assert_eq!(text(&host.get("/")), (200, "hello"));
}

#[test]
fn a_changed_file_of_the_source_shows_at_once() {
    let project = Project::new(&[("app.py", APP), ("page.txt", "first")]);
    let host = project.serve(".", &[]);
    assert_eq!(text(&host.get("/page")), (200, "first"));
    project.put("page.txt", "other");
    wait_for_response(&host, "/page", |response| response.text() == "other");
    // Of the same length and the same second, which byte code cannot tell apart by itself.
    for word in ["jelly", "world", "third"] {
        project.put("app.py", &APP.replace("hello", word));
        wait_for_response(&host, "/", |response| response.text() == word);
    }
    assert!(!project.path("__pycache__").exists());
}

#[test]
fn what_the_host_writes_is_no_change_of_the_source() {
    const SAVES: usize = 5;
    let project = Project::new(&[("app.py", APP)]);
    // Its access log is a file of the project.
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" \"$@\" > output", BINARY]);
    let host = project.start_by(shell, ".", &[]);
    // What is saved before it is imported needs no reload.
    assert_eq!(text(&host.get("/")), (200, "hello"));
    for save in 1..=SAVES {
        let word = format!("save {save}");
        project.put("app.py", &APP.replace("hello", &word));
        wait_for_response(&host, "/", |response| response.text() == word);
    }
    host.stderr()
        .wait_for_nth(SAVES - 1, &["its source changed"]);
    let told = host.stderr().text().matches("its source changed").count();
    assert_eq!(told, SAVES, "{}", host.stderr().text());
    assert!(fs::metadata(project.path("output")).unwrap().len() > 0);
}

#[test]
fn a_syntax_error_is_shown_and_the_next_good_save_heals_it() {
    let project = Project::new(&[("app.py", APP)]);
    let host = project.serve(".", &[]);
    assert_eq!(text(&host.get("/")), (200, "hello"));
    project.put("app.py", "def app(:\n    '<b>'\n");
    let page = wait_for_response(&host, "/", |response| response.status == 500);
    for part in ["SyntaxError", "app.py", "line 1", "def app(:"] {
        assert!(
            page.text().contains(part),
            "{part} is not in {}",
            page.text()
        );
    }
    host.stderr().wait_for(&["SyntaxError"]);
    project.put("app.py", APP);
    wait_for_response(&host, "/", |response| response.status == 200);
}

#[test]
fn an_app_that_cannot_begin_is_served_as_an_error_page() {
    let project = Project::new(&[("app.py", "import nowhere\n")]);
    let host = project.serve("app:app", &[]);
    let page = host.get("/");
    assert_eq!(page.status, 500);
    assert!(page.text().contains("nowhere"), "{}", page.text());
    host.stderr().wait_for(&["nowhere"]);
    project.put("nowhere.py", "");
    project.put("app.py", APP);
    wait_for_response(&host, "/", |response| text(response) == (200, "hello"));
}

#[test]
fn an_error_is_shown_with_its_source_lines_and_nothing_of_it_is_markup() {
    let project = Project::new(&[("app.py", APP)]);
    let host = project.serve(".", &[]);
    let page = host.get("/raise");
    assert_eq!(page.status, 500);
    assert!(page.text().contains("raise ValueError("), "{}", page.text());
    assert!(page.text().contains("&lt;script&gt;no"), "{}", page.text());
    assert!(!page.text().contains("<script>no"), "{}", page.text());
    // As Python writes it: whoever develops reads the terminal.
    let line = host.stderr().wait_for(&["ValueError: <script>no</script>"]);
    assert!(line.starts_with("ValueError"), "{line}");
    assert_eq!(text(&host.get("/")), (200, "hello"));
}

#[test]
fn a_built_app_shows_nothing_of_its_errors() {
    let project = Project::new(&[("app.py", APP)]);
    let (folder, cache, file) = (project.path(""), cache(), project.path("built.wasm"));
    let mut build = Command::new(BINARY);
    build.args(["build", as_text(&folder), "--module", "app:app"]);
    build.args(["--output", as_text(&file), "--cache", as_text(&cache)]);
    // It takes longer than anything that is waited for elsewhere.
    let built = build.output().unwrap();
    let told = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{told}");
    let host = project.serve("built.wasm", &[]);
    assert_eq!(text(&host.get("/")), (200, "hello"));
    let page = host.get("/raise");
    assert_eq!(page.status, 502);
    for part in ["ValueError", "script", "app.py"] {
        assert!(!page.text().contains(part), "{part} is in {}", page.text());
    }
    host.stderr().wait_for(&["ValueError: <script>no</script>"]);
}

#[test]
fn the_source_and_the_requirements_cannot_be_written_to() {
    let project = Project::new(&[("app.py", APP)]);
    let host = project.serve(".", &[]);
    for file in ["/app/new.txt", "/app/app.py", "/site/new.txt", "/new.txt"] {
        let response = host.get(&format!("/write?{file}"));
        assert!(
            response.text().starts_with("refused"),
            "{file}: {response:?}"
        );
    }
    assert_eq!(fs::read_to_string(project.path("app.py")).unwrap(), APP);
}

#[test]
fn requests_share_an_instance_and_one_that_is_lost_is_replaced() {
    let project = Project::new(&[("app.py", APP)]);
    let host = project.serve(".", &[]);
    let mut connections: Vec<_> = (0..8).map(|_| host.connect()).collect();
    for connection in &mut connections {
        connection.send(crate::support::get("/count"));
    }
    let counts = connections.iter_mut();
    let mut counts: Vec<u32> = counts
        .map(|connection| connection.response().text().parse().unwrap())
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(host.get("/end").status, 502);
    assert_eq!(text(&host.get("/count")), (200, "1"));
}

#[test]
fn what_an_app_has_sent_is_not_kept_in_its_memory() {
    let app = r#"
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return (b"x" * (1 << 20) for _ in range(640))
"#;
    // More than the 512 MiB that an app in source has at least.
    let project = Project::new(&[("app.py", app)]);
    let host = project.serve(".", &[]);
    assert_eq!(host.get("/").body.len(), 640 << 20);
}

#[test]
fn source_of_a_manifest_is_served_until_it_is_built_and_always_with_dev() {
    let project = Project::new(&[
        ("app.py", APP),
        (
            "wasgi.toml",
            "[[app]]\nname = 'shop'\nmodule = 'app:app'\ncomponent = 'shop.wasm'\npath = '/shop'\n",
        ),
    ]);
    let host = project.serve(".", &[]);
    assert_eq!(text(&host.get("/shop/")), (200, "hello"));
    drop(host);
    fs::copy(
        crate::support::guests::path("hello"),
        project.path("shop.wasm"),
    )
    .unwrap();
    let host = project.serve(".", &[]);
    assert_eq!(text(&host.get("/shop/")), (200, "hello\n"));
    drop(host);
    let host = project.serve(".", &["--dev"]);
    assert_eq!(text(&host.get("/shop/")), (200, "hello"));
    let state = project.0.path().join("state");
    let end = run(&["rollback", "shop", "--state", as_text(&state)]);
    assert_eq!(end.code, Some(1), "{}", end.stdout);
    assert!(
        end.stderr.contains("served from its source"),
        "{}",
        end.stderr
    );
}

#[test]
fn a_manifest_that_says_how_a_project_is_built_serves_it() {
    let project = Project::new(&[
        ("shop.py", APP),
        ("needs.txt", "itsdangerous==2.2.0\n"),
        (
            "wasgi.toml",
            "[build]\nmodule = 'shop:app'\nrequirements = 'needs.txt'\nenv = { PLACE = 'here' }\n",
        ),
    ]);
    let host = project.serve(".", &[]);
    assert_eq!(text(&host.get("/")), (200, "hello"));
    project.put(
        "shop.py",
        &APP.replace("\"hello\"", "__import__('os').environ['PLACE']"),
    );
    wait_for_response(&host, "/", |response| text(response) == (200, "here"));
}

#[test]
fn a_requirement_that_is_added_is_installed() {
    let project = Project::new(&[("app.py", APP), ("requirements.txt", "")]);
    let host = project.serve(".", &[]);
    assert_eq!(text(&host.get("/")), (200, "hello"));
    project.put("requirements.txt", "itsdangerous==2.2.0\n");
    project.put(
        "app.py",
        &format!("import itsdangerous\n{}", APP.replace("hello", "signed")),
    );
    wait_for_response(&host, "/", |response| text(response) == (200, "signed"));
}

#[test]
fn flask_is_served_from_source() {
    let app = "from flask import Flask, render_template\napp = Flask(__name__)\n\
               @app.get('/<name>')\ndef hello(name):\n    return render_template('hello.html', name=name)\n";
    let project = Project::new(&[
        ("requirements.txt", "flask==3.1.3\n"),
        ("app.py", app),
        ("templates/hello.html", "<p>Hello {{ name }}"),
    ]);
    let host = project.serve(".", &[]);
    assert_eq!(text(&host.get("/you")), (200, "<p>Hello you"));
    project.put("templates/hello.html", "<p>Goodbye {{ name }}");
    wait_for_response(&host, "/you", |response| {
        response.text() == "<p>Goodbye you"
    });
}

#[test]
fn what_is_neither_an_app_nor_a_project_is_told_with_what_was_looked_for() {
    let empty = Project::new(&[("notes.txt", "")]);
    let end = fails_to_serve(as_text(&empty.path("")));
    for part in [
        "wasgi.toml",
        ".wasm",
        "(Python)",
        "requirements.txt",
        "app.py",
    ] {
        assert!(end.stderr.contains(part), "{part} is not in {}", end.stderr);
    }
    let end = fails_to_serve("nowhere:app");
    assert!(end.stderr.contains("nowhere"), "{}", end.stderr);
}

#[test]
fn a_library_of_a_wheel_runs_from_source_too() {
    let projects = root().join("tests/projects/extension");
    let read = |name: &str| fs::read_to_string(projects.join(name)).unwrap();
    let files = ["early.py", "late.py", "requirements.txt", "wasgi.toml"];
    let files = files.map(|name| (name, read(name)));
    let project = Project::new(&files.each_ref().map(|(name, text)| (*name, &**text)));
    build_extension(&project.path("wheels"));
    let host = project.serve(".", &[]);
    assert_eq!(text(&host.get("/?text=b+a+b")), (200, "a 1, b 2"));
    assert_eq!(text(&host.get("/")), (200, "TypeError: expected a str"));
    project.put("early.py", &read("early.py").replace("Rust", "Wasm"));
    wait_for_response(&host, "/?text=c", |response| response.text() == "c 1");
}
