use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::host::{BINARY, Host, cache};
use crate::support::root;
use crate::support::site::as_text;
use crate::support::wheels::build_extension;

/// A copy of a project of `tests/projects`, which a build may write beside.
struct Project(TempDir);

impl Project {
    fn of(name: &str) -> Self {
        let project = Self(TempDir::new().unwrap());
        copy(&root().join("tests/projects").join(name), &project.path(""));
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("project").join(name)
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(["build", "--cache", as_text(&cache())])
            .args(args)
            .current_dir(self.path(""));
        command
    }

    fn build(&self, args: &[&str]) -> Built {
        Built::of(&self.command(args).output().unwrap())
    }

    /// All files with their contents.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(&self.path(""), &mut found);
        found
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}

/// How a build ended.
#[derive(Debug)]
struct Built {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Built {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    fn report(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// A build that failed with this code, and said all of this.
    fn fails_with(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        for part in parts {
            assert!(
                self.stderr.contains(part),
                "{part:?} is not in {}",
                self.stderr
            );
        }
        assert!(!self.stderr.contains("wasm backtrace"), "{}", self.stderr);
    }
}

fn texts(value: &Value) -> Vec<&str> {
    let items = value.as_array().unwrap().iter();
    items.map(|item| item.as_str().unwrap()).collect()
}

#[test]
fn a_flask_app_is_built_once_and_served() {
    let project = Project::of("flask");
    let sources = project.files();
    // Two at one time: one builds, the other waits and finds it done.
    let mut commands = [project.command(&["--json"]), project.command(&["--json"])];
    let [first, second] = thread::scope(|scope| {
        let threads = commands
            .each_mut()
            .map(|command| scope.spawn(|| command.output().unwrap()));
        threads.map(|thread| Built::of(&thread.join().unwrap()).report())
    });
    let is_up_to_date = |report: &Value| report["up_to_date"].as_bool().unwrap();
    assert_ne!(is_up_to_date(&first), is_up_to_date(&second));
    check_report(&first, &project);

    let component = project.path("project.wasm");
    let mut files = project.files();
    let built = files.remove(&component).unwrap();
    assert_eq!(files, sources, "the source is as it was");

    let host = serve(&component, &project.0);
    let page = host.get("/");
    assert_eq!(page.text(), "<h1>Hello, Ada &amp; Co</h1>");
    assert_eq!(host.get("/late").text(), "late");

    // Nothing changed, whatever the times of the files say.
    let time = fs::metadata(&component).unwrap().modified().unwrap();
    project.put(
        "app.py",
        &fs::read_to_string(project.path("app.py")).unwrap(),
    );
    let again = project.build(&[]);
    assert!(again.stderr.contains("is up to date"), "{}", again.stderr);
    assert_eq!(fs::metadata(&component).unwrap().modified().unwrap(), time);

    // A build that fails leaves what is there.
    project.put("app.py", "import nowhere\n");
    project
        .build(&["--module", "app:app"])
        .fails_with(1, &["app.py:1: ", "nowhere"]);
    assert_eq!(fs::read(&component).unwrap(), built);

    // What has changed is built anew.
    project.put("app.py", "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'new']\n");
    assert!(!is_up_to_date(
        &project.build(&["--json", "--no-warm"]).report()
    ));
    assert_ne!(fs::read(&component).unwrap(), built);
}

/// Serves a component of some 30 MiB, which a busy machine takes long to compile.
fn serve(component: &Path, folder: &TempDir) -> Host {
    let manifest = folder.path().join("wasgi.toml");
    let text = format!(
        "[server.compile]\ncpu = \"10m\"\nwall = \"20m\"\n[[app]]\ncomponent = '{}'\n",
        component.display()
    );
    fs::write(&manifest, text).unwrap();
    Host::serve(&["--config", as_text(&manifest)])
}

fn check_report(report: &Value, project: &Project) {
    assert_eq!(report["module"], "app:app");
    assert_eq!(report["interface"], "wsgi");
    assert_eq!(report["output"], as_text(&project.path("project.wasm")));
    let requirements = texts(&report["requirements"]);
    assert!(requirements.contains(&"flask 3.1.3"), "{requirements:?}");
    let zones = requirements.iter().any(|name| name.starts_with("tzdata "));
    assert!(zones, "{requirements:?}");
    assert!(texts(&report["without_native"])[0].starts_with("markupsafe "));
    assert_eq!(report["warm"][0]["path"], "/");
    assert_eq!(report["warm"][0]["status"], 200);
    let warnings = texts(&report["warnings"]).join("\n");
    assert!(warnings.contains("app.py:8 reads SECRET_KEY"), "{warnings}");
    let sections = &report["sections"];
    let sum = ["code", "data", "other"].map(|name| sections[name].as_u64().unwrap());
    assert_eq!(sum.iter().sum::<u64>(), report["bytes"].as_u64().unwrap());
    assert!(sum[0] > 0 && sum[1] > 0, "{sections}");
}

/// What is said of a module that is no app.
fn check_broken(module: &str, parts: &[&str]) {
    let project = Project::of("broken");
    let built = project.build(&["--module", &format!("{module}:app")]);
    built.fails_with(1, parts);
    assert!(!project.path("project.wasm").exists());
}

#[test]
fn a_syntax_error_is_told_with_its_line() {
    check_broken(
        "syntax",
        &["error: syntax.py:1: ", "expected ':'", "SyntaxError"],
    );
}

#[test]
fn a_missing_module_is_told_with_the_line_that_imports_it() {
    check_broken(
        "missing",
        &[
            "error: missing.py:3: ",
            "'nowhere'",
            "hint: add ",
            "requirements",
        ],
    );
}

#[test]
fn an_app_that_cannot_be_called_is_told() {
    check_broken(
        "uncallable",
        &["error: uncallable.py: ", "cannot be called"],
    );
}

#[test]
fn an_app_that_raises_when_it_is_imported_is_told_with_its_line() {
    let parts = [
        "error: raises.py:3: ",
        "JSONDecodeError",
        "Traceback",
        "settings = json",
    ];
    check_broken("raises", &parts);
}

#[test]
fn a_name_that_is_not_there_is_told_with_those_that_are() {
    check_broken(
        "nameless",
        &[
            "error: nameless.py: ",
            "no attribute 'app'",
            "application_of",
        ],
    );
}

#[test]
fn native_code_is_refused_by_name_before_anything_is_installed() {
    let parts = [
        "error: requirements.txt:2: `numpy` has native code",
        "hint: ",
    ];
    let built = Project::of("native").build(&[]);
    built.fails_with(1, &parts);
    assert!(!built.stderr.contains("installing"), "{}", built.stderr);
}

#[test]
fn native_code_that_a_requirement_needs_is_refused_by_name() {
    let parts = [
        "error: `pydantic-core ",
        "which pydantic ",
        "hint: ",
        "`pydantic<2`",
    ];
    Project::of("transitive").build(&[]).fails_with(1, &parts);
}

#[test]
fn a_library_of_a_wheel_is_linked_into_the_component() {
    let project = Project::of("extension");
    build_extension(&project.path("wheels"));
    let report = project.build(&["--module", "late:app", "--json"]).report();
    assert_eq!(texts(&report["linked"]), ["tally 1.0.0"]);
    assert_eq!(texts(&report["warnings"]), [""; 0]);
    let host = serve(&project.path("project.wasm"), &project.0);
    for _ in 0..2 {
        assert_eq!(host.get("/?text=b+a+b").text(), "a 1, b 2");
    }
    assert_eq!(host.get("/").text(), "TypeError: expected a str");
}

#[test]
fn wheels_that_do_not_fit_are_told() {
    let project = Project::of("extension");
    let build = || project.build(&[]);
    build().fails_with(1, &["cannot read the wheels in", "no such file or folder"]);
    fs::create_dir(project.path("wheels")).unwrap();
    build().fails_with(2, &["expected wheels, got none"]);
    // What is code of a machine stays refused.
    build_extension(&project.path("wheels"));
    let wheel = project.path("wheels/tally-1.0.0-cp314-cp314-wasi_0_0_0_wasm32.whl");
    let whole = fs::read(&wheel).unwrap();
    project.put("requirements.txt", "tally==2\n");
    build().fails_with(1, &["pip cannot install the requirements", "tally==2"]);
    let named_otherwise = project.path("wheels/other-1.0.0-cp314-cp314-wasi_0_0_0_wasm32.whl");
    fs::rename(&wheel, &named_otherwise).unwrap();
    project.put("requirements.txt", "other\n");
    build().fails_with(1, &["pip cannot install the requirements", "other"]);
    fs::write(&named_otherwise, &whole[..whole.len() / 2]).unwrap();
    build().fails_with(1, &["pip cannot install the requirements", "other"]);
}

#[test]
fn a_requirement_that_does_not_exist_is_told_with_its_line() {
    let parts = [
        "error: requirements.txt:1: ",
        "no release of `wasgi-has-no-such-package==1`",
        "No matching distribution",
    ];
    Project::of("unknown").build(&[]).fails_with(1, &parts);
}

#[test]
fn an_app_that_is_not_found_is_told_with_where_was_looked() {
    Project::of("none")
        .build(&[])
        .fails_with(1, &["cannot find the app", "wsgi.py", "--module"]);
    Project::of("two")
        .build(&[])
        .fails_with(1, &["`app:app`, `main:app`", "--module"]);
    let empty = Project(TempDir::new().unwrap());
    fs::create_dir(empty.path("")).unwrap();
    empty.build(&[]).fails_with(
        1,
        &[
            "(Python)",
            "pyproject.toml",
            "package.json",
            "wasgi.h",
            "main.zig",
        ],
    );
}

#[test]
fn what_is_wrong_with_the_arguments_or_the_manifest_is_of_usage() {
    let project = Project::of("broken");
    let bad = project.build(&["--module", "a b"]);
    bad.fails_with(2, &["expected an app such as `app:app`"]);
    project.put(
        "wasgi.toml",
        "[build]\nmodul = \"syntax:app\"\nwarm = [\"x\"]\n",
    );
    let bad = project.build(&[]);
    bad.fails_with(
        2,
        &[
            "wasgi.toml:2:1: unknown key `modul`",
            "did you mean `module`?",
            "wasgi.toml:3:9: ",
        ],
    );
}

#[test]
fn the_manifest_says_what_is_built() {
    let project = Project::of("broken");
    project.put("wasgi.toml", "[build]\nmodule = \"later:app\"\n");
    project
        .build(&[])
        .fails_with(1, &["cannot find the module `later`"]);
    project.put(
        "wasgi.toml",
        "[[app]]\nmodule = \"ever:app\"\n\
         [[app]]\nmodule = \"never:app\"\nname = \"never\"\npath = \"/x\"\n",
    );
    project
        .build(&[])
        .fails_with(1, &["cannot find the module `ever`"]);
    project
        .build(&["--output", "x.wasm"])
        .fails_with(2, &["wasgi.toml has 2 apps with source"]);
}
