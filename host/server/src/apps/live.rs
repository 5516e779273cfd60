//! Hearing that files changed, and acting on it.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::task::spawn_blocking;

use super::spec::{AppSpec, Desired, Sources};
use super::{ApplyError, Apps};
use crate::watch::{Changes, Watch};

/// Reads again what the operator wants. Fails with a text that says what is wrong.
pub type Reread = dyn Fn() -> Result<(Desired, Sources), String> + Send + Sync;

/// Files under watch. It begins before their apps are loaded, so that no change is missed.
#[derive(Debug)]
pub struct Watching {
    watch: Watch,
    changes: Changes,
}

impl Watching {
    /// Begins to watch what apps are made of and come from.
    pub async fn start(desired: &Desired, sources: &Sources) -> io::Result<Self> {
        let (watch, changes) = Watch::start()?;
        let watching = Self { watch, changes };
        watching.set(desired.apps.iter(), sources).await;
        Ok(watching)
    }

    async fn set<'a>(&self, specs: impl Iterator<Item = &'a AppSpec>, sources: &Sources) {
        let mut files: BTreeSet<_> = specs
            .flat_map(|spec| spec.files().map(PathBuf::from))
            .collect();
        files.extend(sources.manifests.iter().cloned());
        self.watch.set(files, sources.folders.clone()).await;
    }
}

impl Apps {
    /// Follows the changes of what is watched, for as long as the returned future is polled.
    pub async fn follow(
        self: Arc<Self>,
        watching: Watching,
        sources: Sources,
        reread: Arc<Reread>,
    ) {
        let mut live = Live {
            apps: self,
            watching,
            sources,
            reread,
        };
        loop {
            let changed = live.watching.changes.next().await;
            live.act(&changed).await;
        }
    }

    /// Has an app's files looked at again, unless that is about to happen anyway.
    fn recheck(self: &Arc<Self>, name: &str) {
        let Some(slot) = self.slot(name) else {
            return;
        };
        if !slot.is_stale.swap(true, Ordering::AcqRel) {
            let this = Arc::clone(self);
            drop(tokio::spawn(async move { this.refresh(&slot).await }));
        }
    }
}

struct Live {
    apps: Arc<Apps>,
    watching: Watching,
    sources: Sources,
    reread: Arc<Reread>,
}

impl Live {
    async fn act(&mut self, changed: &BTreeSet<PathBuf>) {
        if changed.iter().any(|path| self.is_source(path)) {
            self.read_again().await;
            self.watch_all().await;
        }
        self.look_at(|path| changed.contains(path));
    }

    /// Whether a change of this path may mean other apps.
    fn is_source(&self, path: &PathBuf) -> bool {
        let in_folder = || {
            let folder = path.parent();
            folder.is_some_and(|folder| self.sources.folders.contains(folder))
        };
        self.sources.manifests.contains(path) || in_folder()
    }

    async fn read_again(&mut self) {
        let reread = Arc::clone(&self.reread);
        let read = spawn_blocking(move || reread()).await;
        let (desired, sources) = match read {
            Ok(Ok(read)) => read,
            Ok(Err(why)) => return self.apps.refuse(why),
            Err(error) => return self.apps.refuse(error.to_string()),
        };
        self.sources = sources;
        match self.apps.apply(desired).await {
            Ok(()) => self.apps.forget_trouble(),
            // Each of them has said why.
            Err(ApplyError::Apps(_)) => self.apps.forget_trouble(),
            Err(ApplyError::Conflict(conflict)) => self.apps.refuse(conflict.to_string()),
        }
    }

    /// Has the apps looked at that are made of such files.
    fn look_at(&self, is_meant: impl Fn(&PathBuf) -> bool) {
        for slot in self.apps.slots().values() {
            let spec = Arc::clone(&slot.serving().spec);
            if spec.files().any(|file| is_meant(&file.to_owned())) {
                self.apps.recheck(&slot.name);
            }
        }
    }

    async fn watch_all(&self) {
        let slots = self.apps.slots();
        let specs: Vec<_> = slots
            .values()
            .map(|slot| Arc::clone(&slot.serving().spec))
            .collect();
        let specs = specs.iter().map(|spec| &**spec);
        self.watching.set(specs, &self.sources).await;
    }
}
