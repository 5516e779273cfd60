use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use tempfile::TempDir;

use crate::support::host::{BINARY, cache};
use crate::support::site::as_text;
use crate::support::{Host, Isolation, root};

/// What `wasgi build` makes of a folder of this repository, made and compiled once for all tests.
pub(crate) fn component(folder: &'static str) -> PathBuf {
    static BUILT: Mutex<BTreeMap<&str, Arc<OnceLock<PathBuf>>>> = Mutex::new(BTreeMap::new());
    let place = BUILT.lock().unwrap().entry(folder).or_default().clone();
    let build = || {
        let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("languages");
        fs::create_dir_all(&made).unwrap();
        let output = made.join(format!("{}.wasm", folder.replace('/', "-")));
        // Not with a test's patience: it may install tools.
        let end = Command::new(BINARY)
            .arg("build")
            .arg(root().join(folder))
            .args(["--cache", as_text(&cache()), "--output", as_text(&output)])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&end.stderr);
        assert!(end.status.success(), "{text}");
        // A host that only finds it compiled in the cache starts at once.
        drop(Host::serve(&[as_text(&output)]));
        output
    };
    place.get_or_init(build).clone()
}

/// Serves a component alone at a path, with more of its `[[app]]` table.
pub(crate) fn serve(component: &Path, path: &str, isolation: Isolation, toml: &str) -> Served {
    let folder = TempDir::new().unwrap();
    let isolation = match isolation {
        Isolation::Fresh => "request",
        Isolation::Reuse => "reuse",
    };
    let manifest = folder.path().join("wasgi.toml");
    let text = format!(
        "[[app]]\nname = 'app'\ncomponent = '{}'\npath = '{path}'\nisolation = '{isolation}'\n{toml}\n",
        component.display()
    );
    fs::write(&manifest, text).unwrap();
    let state = folder.path().join("state");
    let host = Host::serve(&["--config", as_text(&manifest), "--state", as_text(&state)]);
    Served {
        host,
        _folder: folder,
    }
}

/// A host, and the folder of its manifest.
pub(crate) struct Served {
    pub(crate) host: Host,
    _folder: TempDir,
}
