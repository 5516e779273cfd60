use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::site::as_text;
use crate::support::{Host, Isolation};

/// A host, and the folder of its manifest.
pub(super) struct Served {
    pub(super) host: Host,
    _folder: TempDir,
}

/// Serves a component alone at a path, with more of its `[[app]]` table.
pub(super) fn serve(component: &Path, path: &str, isolation: Isolation, toml: &str) -> Served {
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
