use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::host::{BINARY, End, Host, cache, run, run_by};
use crate::support::services::Programs;
use crate::support::site::as_text;

/// A test for each template: every command of its project's `README.md` works, in that order.
macro_rules! templates {
    ($($test:ident: $template:literal,)*) => {
        $(
            #[test]
            fn $test() {
                Project::of($template).follow_readme();
            }
        )*

        const TEMPLATES: &[&str] = &[$($template),*];
    };
}

templates! {
    flask: "flask",
    django: "django",
    fastapi: "fastapi",
    ruby: "ruby",
    js: "js",
    ts_hono: "ts-hono",
    rust: "rust",
    go: "go",
    c: "c",
    zig: "zig",
    cgi: "cgi",
    middleware_rust: "middleware-rust",
    middleware_js: "middleware-js",
}

/// A project as `wasgi new` has made it, and a host that serves it.
struct Project {
    folder: TempDir,
    template: &'static str,
    host: Option<Host>,
}

impl Project {
    fn of(template: &'static str) -> Self {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let project = Self {
            folder,
            template,
            host: None,
        };
        let end = run(&["new", template, as_text(&project.path(""))]);
        assert_eq!(end.code, Some(0), "{end:?}");
        let first = format!("made shop-{template} from the template {template}\n");
        assert!(end.stdout.starts_with(&first), "{}", end.stdout);
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        // Each has a name of its own: cargo tells packages apart by it in what they share.
        let project = format!("shop-{}", self.template);
        self.folder.path().join(project).join(name)
    }

    fn follow_readme(mut self) {
        let readme = fs::read_to_string(self.path("README.md")).unwrap();
        let commands = commands(&readme);
        assert!(commands.len() > 3, "{commands:?}");
        if self.path("Cargo.toml").is_file() {
            // Other crates, whose compiling may take longer than a host may to start.
            self.succeed("cargo build --release --target wasm32-wasip2", "");
        }
        for command in commands {
            let (command, expected) = command.split_once(" # ").unwrap_or((command, ""));
            match command.trim_end() {
                "wasgi serve ." => self.serve(),
                command => self.succeed(command, expected.trim()),
            }
        }
    }

    /// Serves the project as its developer does, but at a free port.
    fn serve(&mut self) {
        self.host = None;
        let mut command = self.command(BINARY);
        command.args(["serve", ".", "--addr", "127.0.0.1:0"]);
        command.arg("--cache").arg(cache());
        command.arg("--state").arg(self.state());
        self.host = Some(Host::serve_by(&mut command));
    }

    fn succeed(&self, command: &str, expected: &str) {
        let address = self.host.as_ref().map(|host| host.address().to_string());
        let address = address.unwrap_or_default();
        let mut told = command.replace("127.0.0.1:8080", &address);
        match command.split(' ').take(2).collect::<Vec<_>>()[..] {
            ["wasgi", "build"] => told += &format!(" --cache '{}'", as_text(&cache())),
            ["wasgi", _] => told += &format!(" --state '{}'", as_text(&self.state())),
            _ => {}
        }
        // Not with a test's patience: it may compile, or install packages.
        let output = self.command("sh").args(["-c", &told]).output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && stdout.contains(expected),
            "{}: {command}: expected {expected:?}, got {stdout}\n{}",
            self.template,
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// A program that runs in the project, with this host's commands at hand. What cargo compiles
    /// of other crates is kept for the next run, though not for other templates: cargo takes the
    /// SDK in one project for the one in another.
    fn command(&self, program: &str) -> Command {
        let programs = Path::new(BINARY).parent().unwrap();
        let others = std::env::var_os("PATH").unwrap();
        let path = format!("{}:{}", as_text(programs), others.to_str().unwrap());
        let mut command = Command::new(program);
        command
            .current_dir(self.path(""))
            .env("PATH", path)
            .env(
                "CARGO_BUILD_BUILD_DIR",
                Path::new(env!("CARGO_TARGET_TMPDIR"))
                    .join("new")
                    .join(self.template),
            )
            .env_remove("CARGO_TARGET_DIR");
        if self.template == "ruby" {
            Programs::ruby().lend(&mut command);
        }
        command
    }
}

/// The lines of a page's blocks of commands.
fn commands(page: &str) -> Vec<&str> {
    let blocks = page.split("```sh\n").skip(1);
    let blocks = blocks.filter_map(|rest| Some(rest.split_once("```")?.0));
    blocks.flat_map(str::lines).collect()
}

#[test]
fn the_templates_are_listed() {
    let end = run(&["new", "--list"]);
    let listed: Vec<_> = end
        .stdout
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(listed, TEMPLATES, "{end:?}");
}

fn fails(args: &[&str], code: i32, parts: &[&str]) {
    let end = run(&[&["new"], args].concat());
    assert_eq!(end.code, Some(code), "{end:?}");
    assert_eq!(end.stdout, "", "{args:?}");
    for part in parts {
        assert!(end.stderr.contains(part), "no {part:?} in {}", end.stderr);
    }
}

#[test]
fn what_cannot_be_made_is_told_and_nothing_is_left() {
    let place = TempDir::new().unwrap();
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir(path("full")).unwrap();
    fs::write(path("full/file"), "mine").unwrap();

    // Nobody is there to be asked.
    fails(
        &[],
        2,
        &["a template and a folder", "\n  flask ", "\n  rust "],
    );
    fails(&["rust"], 2, &["a folder"]);
    let unknown = "there is no template `flsk`\nhint: did you mean `flask`?\n";
    fails(&["flsk", &path("a")], 2, &[unknown, "\n  django "]);
    fails(
        &["rust", &path("My Shop")],
        2,
        &["lower-case letters", "got `My Shop`", "--name my-shop"],
    );
    fails(&["rust", &path("a"), "--name", "../b"], 2, &["got `../b`"]);
    fails(
        &["rust", &path("full")],
        2,
        &["/full has files", "nothing is replaced"],
    );
    fails(&["rust", &path("full/file")], 2, &["is a file"]);
    fails(
        &["rust", &path("none/a")],
        1,
        &["cannot make", "no such file or folder"],
    );
    // Not even its owner can write there.
    fails(
        &["rust", "/proc/shop"],
        1,
        &["cannot make the project in /proc/shop"],
    );

    let left: Vec<_> = fs::read_dir(place.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(fs::read_dir(path("full")).unwrap().count(), 1);
}

#[test]
fn a_project_is_made_in_the_folder_where_one_is() {
    let place = TempDir::new().unwrap();
    let here = place.path().join("My Shop");
    fs::create_dir(&here).unwrap();
    let mut command = Command::new(BINARY);
    command
        .args(["new", "flask", ".", "--name", "shop"])
        .current_dir(&here);
    let End { code, stdout, .. } = run_by(&mut command);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("\n\nwasgi serve ."), "{stdout}");
    let manifest = fs::read_to_string(here.join("wasgi.toml")).unwrap();
    assert!(manifest.contains("name = \"shop\""), "{manifest}");
}

#[test]
fn on_a_terminal_it_asks() {
    // Answers each question when it is there, and shows what was on the terminal.
    let script = r#"
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], ["wasgi", "new"])
shown = b""
for question, answer in [(b"Template", b"\r"), (b"Name", b"My Shop\r"), (b"got `My Shop`", b"\x15shop\r")]:
    while question not in shown:
        shown += os.read(terminal, 1024)
    os.write(terminal, answer)
try:
    while part := os.read(terminal, 1024):
        shown += part
except OSError:
    pass
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;
    let place = TempDir::new().unwrap();
    let mut python = Command::new("python3");
    python
        .args(["-c", script, BINARY])
        .current_dir(place.path())
        .env("TERM", "xterm");
    let end = run_by(&mut python);
    assert_eq!(end.code, Some(0), "{end:?}");
    let told = format!("made shop from the template {}", TEMPLATES[0]);
    assert!(end.stdout.contains(&told), "{}", end.stdout);
    assert!(place.path().join("shop/wasgi.toml").is_file());
}
