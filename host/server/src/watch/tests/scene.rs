//! A folder of watched files, and what is told of them.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::watch::{Changes, Wanted, Watch};

/// A folder with two watched files, `app.wasm` and `last.wasm`.
pub(super) struct Scene {
    pub(super) root: TempDir,
    pub(super) watch: Watch,
    pub(super) changes: Changes,
}

impl Scene {
    pub(super) async fn new() -> Self {
        Self::with_started(Watch::start().unwrap()).await
    }

    pub(super) async fn with_started((watch, changes): (Watch, Changes)) -> Self {
        let root = tempfile::tempdir().unwrap();
        let scene = Self {
            root,
            watch,
            changes,
        };
        scene.write("app.wasm", "1");
        scene.write("last.wasm", "1");
        scene.set(&["app.wasm", "last.wasm"]).await;
        scene
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(super) async fn set(&self, names: &[&str]) {
        let files = names.iter().map(|name| self.path(name)).collect();
        self.set_paths(files, BTreeSet::new()).await;
    }

    pub(super) async fn set_paths(&self, files: BTreeSet<PathBuf>, folders: BTreeSet<PathBuf>) {
        let wanted = Wanted {
            files,
            folders,
            ..Wanted::default()
        };
        self.watch.set(wanted).await;
    }

    pub(super) fn write(&self, name: &str, bytes: &str) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(super) fn make(&self, folder: &str) {
        fs::create_dir_all(self.path(folder)).unwrap();
    }

    pub(super) fn link(&self, target: &str, name: &str) {
        symlink(target, self.path(name)).unwrap();
    }

    pub(super) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// Takes the permission to write.
    pub(super) fn forbid(&self, name: &str) {
        let mode = PermissionsExt::from_mode(0o400);
        fs::set_permissions(self.path(name), mode).unwrap();
    }

    /// Replaces a file by renaming.
    pub(super) fn replace(&self, name: &str, bytes: &str) {
        self.write("new", bytes);
        self.rename("new", name);
    }

    /// Does something of which the watch sees the events when all is done.
    pub(super) fn at_once(&self, act: impl FnOnce()) {
        let held = self.watch.inbox.lock();
        act();
        drop(held);
    }

    /// The next changes, by name.
    pub(super) async fn next(&self) -> Vec<String> {
        let next = tokio::time::timeout(DEADLINE, self.changes.next()).await;
        let root = self.root.path();
        let name = |path: PathBuf| {
            path.strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        };
        next.expect("a change was told in time")
            .into_iter()
            .map(name)
            .collect()
    }

    /// All changes until one of `last.wasm`, which is made now.
    pub(super) async fn rest(&self) -> Vec<String> {
        self.replace("last.wasm", "9");
        let mut all = Vec::new();
        while !all.iter().any(|name| name == "last.wasm") {
            all.extend(self.next().await);
        }
        all.retain(|name| name != "last.wasm");
        all
    }

    /// All changes until these were told, each once.
    pub(super) async fn expect(&self, names: BTreeSet<String>) {
        let mut left = names;
        while !left.is_empty() {
            for name in self.next().await {
                assert!(
                    left.remove(&name),
                    "{name} was not expected, or was told twice"
                );
            }
        }
    }
}

/// Less than the time after which everything is looked at anyway, so that events are what tells.
pub(super) const DEADLINE: Duration = Duration::from_secs(8);

/// Older than any file.
pub(super) const OLD: SystemTime = SystemTime::UNIX_EPOCH;
