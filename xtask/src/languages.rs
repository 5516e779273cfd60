//! Building the guests of other languages than Rust's fixtures, before the suite asks for them.
//!
//! `wasgi build` makes them, installs what it needs from package registries, and finds them up to
//! date when the suite does the same. Owns only that it happens where nothing else runs: the first
//! build compiles a C library, and no test should have to be patient for that.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, ensure};

use crate::workspace::Workspace;

/// The folders, each with the name that the suite gives to its component.
const GUESTS: [(&str, &str); 10] = [
    ("c", "tests/guests-c"),
    ("zig", "tests/guests-zig"),
    ("go", "tests/guests-go"),
    ("js", "tests/guests-js"),
    ("python", "tests/guests-python/behaviours"),
    ("ruby", "tests/guests-ruby"),
    ("rust", "tests/guests-rust"),
    ("js-middleware", "tests/guests-js-middleware"),
    ("js-web", "tests/guests-js-web"),
    ("js-hono", "examples/js-hono"),
];

/// Builds them all at one time, with the host program, which is built first.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    workspace.build_host()?;
    let program = workspace.binary("wasgi");
    // Where cargo lets the suite's tests write.
    let tmp = workspace.target.join("tmp");
    fs::create_dir_all(tmp.join("built"))?;
    thread::scope(|scope| {
        let builds = GUESTS.map(|(name, folder)| {
            let (program, tmp) = (&program, &tmp);
            let folder = workspace.root.join(folder);
            scope.spawn(move || build_one(program, name, &folder, tmp))
        });
        let ended = builds.map(|build| build.join().expect("a build does not panic"));
        ended.into_iter().collect()
    })
}

fn build_one(program: &Path, name: &str, folder: &Path, tmp: &Path) -> Result<()> {
    let output = tmp.join("built").join(format!("{name}.wasm"));
    let ended = Command::new(program)
        .arg("build")
        .arg(folder)
        .arg("--cache")
        .arg(tmp.join("cache"))
        .arg("--output")
        .arg(&output)
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let said = String::from_utf8_lossy(&ended.stderr);
    eprint!("{said}");
    ensure!(
        ended.status.success(),
        "{} does not build",
        folder.display()
    );
    Ok(())
}
