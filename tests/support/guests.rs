//! The fixture guests: where they are, and which of them the shared hosts serve.

use std::fs;
use std::path::PathBuf;

use super::root;

/// The guests that the shared hosts mount, each at `/NAME`. The others cannot be served.
pub(crate) const SHARED: &[&str] = &[
    "bad-head",
    "big",
    "close",
    "collect",
    "cookies",
    "count",
    "echo",
    "env",
    "environ",
    "fail",
    "fail-mid-body",
    "file",
    "grow",
    "head",
    "hello",
    "ignore-input",
    "init-panic",
    "kdf",
    "leak",
    "length",
    "log",
    "loop",
    "random",
    "recurse",
    "sleep",
    "stale-input",
    "status",
    "stream",
    "ticks",
    "trailers",
    "trap",
    "trap-mid-body",
];

/// The file of a guest.
pub(crate) fn path(name: &str) -> PathBuf {
    let path = root()
        .join("target/guests")
        .join(name)
        .with_extension("wasm");
    assert!(
        path.is_file(),
        "there is no {}; run: cargo xtask guests",
        path.display()
    );
    path
}

/// The packages that declare fixtures.
const PACKAGES: [&str; 5] = [
    "tests/guests",
    "tests/guests-wasi/cgi",
    "tests/guests-wasi/cgi1",
    "tests/guests-wasi/http02",
    "tests/guests-wasi/http03",
];

/// The fixtures of a WASI contract that can be served: `http02`, `http03`, `cgi` or `cgi1`.
pub(crate) fn of(contract: &str) -> Vec<String> {
    let mut names = declared();
    // A program is built as a component, and under this name as a core module.
    let programs = names
        .clone()
        .into_iter()
        .filter_map(|name| Some(format!("cgi1-{}", name.strip_prefix("cgi-")?)));
    names.extend(programs);
    let start = format!("{contract}-");
    names.retain(|name| name.starts_with(&start) && name != "cgi1-reactor");
    names
}

/// The names of all fixtures, as their packages declare them.
pub(crate) fn declared() -> Vec<String> {
    let mut names = Vec::new();
    for package in PACKAGES {
        let manifest = root().join(package).join("Cargo.toml");
        let mut is_target = false;
        for line in fs::read_to_string(manifest).unwrap().lines() {
            if line.starts_with('[') {
                is_target = matches!(line.trim(), "[[example]]" | "[[bin]]");
            } else if is_target && let Some(name) = line.strip_prefix("name = ") {
                names.push(name.trim().trim_matches('"').to_owned());
            }
        }
    }
    names
}
