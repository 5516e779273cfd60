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
    static BUILT: Mutex<BTreeMap<&str, Arc<OnceLock<PathBuf>>>> = Mutex::new(BTreeMap::new());
    let place = BUILT.lock().unwrap().entry(name).or_default().clone();
    let build = || {
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
        // A host that only finds it compiled in the cache starts at once.
        drop(Host::serve(&[as_text(&output)]));
        output
    };
    place.get_or_init(build).clone()
}
