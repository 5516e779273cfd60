//! Components that `wasgi build` makes for tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use super::Host;
use super::host::{BINARY, cache};
use super::site::as_text;

/// What `wasgi build` makes with these arguments, made and compiled once for all tests.
pub(crate) fn component(name: &'static str, args: &[&str]) -> PathBuf {
    once(name, || {
        let output = build(name, args);
        // A host that only finds it compiled in the cache starts at once.
        drop(Host::serve(&[as_text(&output)]));
        output
    })
}

/// The same for a middleware, which is not served by itself.
pub(crate) fn middleware(name: &'static str, args: &[&str]) -> PathBuf {
    once(name, || build(name, args))
}

fn once(name: &'static str, make: impl FnOnce() -> PathBuf) -> PathBuf {
    static MADE: Mutex<BTreeMap<&str, Arc<OnceLock<PathBuf>>>> = Mutex::new(BTreeMap::new());
    let place = MADE.lock().unwrap().entry(name).or_default().clone();
    place.get_or_init(make).clone()
}

fn build(name: &str, args: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("built");
    fs::create_dir_all(&folder).unwrap();
    let output = folder.join(format!("{name}.wasm"));
    let cache = cache();
    let last = ["--cache", as_text(&cache), "--output", as_text(&output)];
    // Not with a test's patience: it installs requirements, and compiles.
    let build = [&["build"], args, &last].concat();
    let end = Command::new(BINARY).args(build).output().unwrap();
    assert!(
        end.status.success(),
        "{}",
        String::from_utf8_lossy(&end.stderr)
    );
    output
}
