use std::process::Command;

use tempfile::TempDir;

use crate::support::host::BINARY;
use crate::support::root;
use crate::support::site::as_text;

#[test]
fn a_machine_without_tools_is_told_what_to_install() {
    const PYTHON: &str = "expected Python 3.10 or newer with pip on the path, got none";
    const NODE: &str = "expected Node.js 18 or newer on the path, got none";
    let empty = TempDir::new().unwrap();
    let path = |name: &str| empty.path().join(name);
    for (folder, what, way_out) in [
        ("guests-go", "there is no Go 1.24 or newer", "install Go"),
        ("guests-c", PYTHON, "apt install python3-pip"),
        ("guests-zig", PYTHON, "apt install python3-pip"),
        (
            "guests-python/behaviours",
            PYTHON,
            "apt install python3-pip",
        ),
        ("guests-js", NODE, "apt install nodejs npm"),
        ("guests-js-web", NODE, "apt install nodejs npm"),
        ("guests-ruby", NODE, "apt install nodejs npm"),
        (
            "guests-rust",
            "expected cargo on the path",
            "rustup target add",
        ),
    ] {
        let mut command = Command::new(BINARY);
        command
            .env_clear()
            .env("PATH", path("bin"))
            .args(["build", "--cache", as_text(&path("cache"))])
            .args(["--output", as_text(&path("app.wasm"))])
            .arg(root().join("tests").join(folder));
        let end = command.output().unwrap();
        let said = String::from_utf8(end.stderr).unwrap();
        assert_eq!(end.status.code(), Some(1), "{folder}: {said}");
        for part in [what, "hint: ", way_out] {
            assert!(said.contains(part), "{folder}: {part} is not in {said}");
        }
        assert!(!path("app.wasm").exists());
    }
}
