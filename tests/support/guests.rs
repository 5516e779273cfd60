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

/// The names of all fixtures, as the package of the fixtures declares them.
pub(crate) fn declared() -> Vec<String> {
    let manifest = fs::read_to_string(root().join("tests/guests/Cargo.toml")).unwrap();
    let mut names = Vec::new();
    let mut is_target = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_target = matches!(line.trim(), "[[example]]" | "[[bin]]");
        } else if is_target && let Some(name) = line.strip_prefix("name = ") {
            names.push(name.trim().trim_matches('"').to_owned());
        }
    }
    names
}
