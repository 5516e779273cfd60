//! What a project brings along because no registry has it: the SDK that its template is written for.
//!
//! Owns which files that are, and that they fit outside of this repository. They are embedded from
//! where they are developed.

use std::borrow::Cow;
use std::path::Path;

use include_dir::{Dir, include_dir};
use toml::Table;

use super::templates::Files;

static RUST: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guests/rust/src");
static GO: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guests/go");
static WIT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../wit");
static WHEELS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../examples/fastapi-items/wheels");
static HELLO: &[u8] = include_bytes!("../../../../examples/hello.wasm");
static WORKSPACE: &str = include_str!("../../../../Cargo.toml");
static LOCK: &str = include_str!("../../../../Cargo.lock");
static PACKAGE: &str = include_str!("../../../../guests/rust/Cargo.toml");

/// Adds the SDK for Rust, with the contract, and the versions of what it depends on.
pub(super) fn add_rust(files: &mut Files) {
    let place = Path::new("vendor/wasgi-guest");
    files.insert(
        place.join("Cargo.toml"),
        Cow::Owned(rust_manifest().into_bytes()),
    );
    add(files, &place.join("src"), &RUST, "rs");
    add(files, &place.join("wit"), &WIT, "wit");
    // Those that this repository is tested with. Cargo keeps of them what the project needs.
    files.insert("Cargo.lock".into(), Cow::Borrowed(LOCK.as_bytes()));
}

/// Adds the SDK for Go, which the project's `go.mod` names.
pub(super) fn add_go(files: &mut Files) {
    let mut folders = vec![&GO];
    while let Some(folder) = folders.pop() {
        for end in ["go", "s", "mod"] {
            add(files, Path::new("wasgi"), folder, end);
        }
        folders.extend(folder.dirs());
    }
}

/// Adds the wheels of FastAPI's native code.
pub(super) fn add_wheels(files: &mut Files) {
    add(files, Path::new("wheels"), &WHEELS, "whl");
}

/// Adds an app for a middleware to stand in front of.
pub(super) fn add_hello(files: &mut Files) {
    files.insert("hello.wasm".into(), Cow::Borrowed(HELLO));
}

/// Adds the files of a folder, but not of those in it, whose names end so.
fn add(files: &mut Files, place: &Path, dir: &Dir<'static>, end: &str) {
    for file in dir.files() {
        let path: &Path = file.path();
        if path.extension().is_some_and(|other| other == end) {
            files.insert(place.join(path), Cow::Borrowed(file.contents()));
        }
    }
}

/// The manifest of the SDK, with what it has from the workspace written out.
fn rust_manifest() -> String {
    let parse = |text: &str| text.parse::<Table>().expect("cargo has read it, too");
    let (mut own, workspace) = (parse(PACKAGE), parse(WORKSPACE));
    for part in ["package", "dependencies"] {
        let given = &workspace["workspace"][part];
        let table = own.get_mut(part).and_then(|part| part.as_table_mut());
        for (key, value) in table.into_iter().flatten() {
            if value.get("workspace").is_some() {
                *value = given[key.as_str()].clone();
            }
        }
    }
    // Lints are for those who change it, and its `README.md` is not here.
    own.remove("lints");
    if let Some(package) = own.get_mut("package").and_then(|part| part.as_table_mut()) {
        package.remove("readme");
    }
    own.to_string()
}
