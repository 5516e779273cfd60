//! Hearing that files changed, and acting on it.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use super::spec::{AppSpec, Desired, Sources};
use super::{ApplyError, Apps};
use crate::watch::{Changes, Wanted, Watch};

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
        let mut wanted = Wanted {
            files: sources.manifests.clone(),
            folders: sources.folders.clone(),
            trees: sources.trees.clone(),
        };
        for spec in specs {
            wanted.files.extend(spec.files().map(PathBuf::from));
            wanted.trees.extend(spec.source.clone());
        }
        self.watch.set(wanted).await;
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
            is_stale: false,
            reading: None,
        };
        loop {
            live.next().await;
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
    /// What the operator wants has changed, and is not being read yet.
    is_stale: bool,
    /// What the operator wants is being read and applied, which may take as long as compiling: the
    /// other apps' changes do not wait for that.
    reading: Option<JoinHandle<Sources>>,
}

impl Live {
    /// Acts on whatever comes next.
    async fn next(&mut self) {
        tokio::select! {
            changed = self.watching.changes.next() => {
                self.is_stale |= changed.iter().any(|path| self.is_source(path));
                self.look_at(|path| changed.contains(path));
            }
            read = ended(&mut self.reading) => {
                self.reading = None;
                match read {
                    Ok(sources) => self.sources = sources,
                    Err(error) => self.apps.refuse(error.to_string()),
                }
                self.watch_all().await;
                // What changed until it was watched.
                self.look_at(|_| true);
            }
        }
        if self.is_stale && self.reading.is_none() {
            self.is_stale = false;
            let (apps, sources) = (Arc::clone(&self.apps), self.sources.clone());
            let reread = Arc::clone(&self.reread);
            self.reading = Some(tokio::spawn(read_again(apps, sources, reread)));
        }
    }

    /// Whether a change of this path may mean other apps.
    fn is_source(&self, path: &PathBuf) -> bool {
        let is_new = || {
            let slots = self.apps.slots();
            let mut specs = slots.values().map(|slot| Arc::clone(&slot.serving().spec));
            !specs.any(|spec| spec.program.component == *path)
        };
        self.sources.manifests.contains(path)
            || self.sources.builds(path)
            || self.sources.holds(path) && is_new()
    }

    /// Has the apps looked at that are made of such files, or come from such trees.
    fn look_at(&self, is_meant: impl Fn(&PathBuf) -> bool) {
        for slot in self.apps.slots().values() {
            let spec = Arc::clone(&slot.serving().spec);
            if spec.files().any(|file| is_meant(&file.to_owned())) {
                self.apps.recheck(&slot.name);
            }
            if spec.source.iter().any(|source| is_meant(&source.folder)) {
                let (apps, slot) = (Arc::clone(&self.apps), Arc::clone(slot));
                drop(tokio::spawn(async move { apps.renew(&slot).await }));
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

/// Waits for the end of a reading, if there is one.
async fn ended(reading: &mut Option<JoinHandle<Sources>>) -> Result<Sources, JoinError> {
    match reading {
        Some(reading) => reading.await,
        None => std::future::pending().await,
    }
}

/// Reads again what the operator wants, and serves it. Returns what that comes from.
async fn read_again(apps: Arc<Apps>, sources: Sources, reread: Arc<Reread>) -> Sources {
    let read = spawn_blocking(move || reread()).await;
    let (mut desired, new) = match read {
        Ok(Ok(read)) => read,
        Ok(Err(why)) => {
            apps.refuse(why);
            return sources;
        }
        Err(error) => {
            apps.refuse(error.to_string());
            return sources;
        }
    };
    keep_deleted(&apps, &sources, &mut desired);
    match apps.apply(desired).await {
        Ok(()) => apps.forget_trouble(),
        Err(ApplyError::Apps(refused)) => {
            apps.forget_trouble();
            // One that is served as before has said why it stays so.
            for (name, why) in refused {
                if let Some(slot) = apps.slot(&name)
                    && slot.serving().active.is_none()
                {
                    slot.refuse(format!("cannot serve {name}: {why}"));
                }
            }
        }
        Err(ApplyError::Conflict(conflict)) => apps.refuse(conflict.to_string()),
    }
    new
}

/// Keeps the apps of a folder whose files are gone: they go on as they are, until the host starts
/// again.
fn keep_deleted(apps: &Apps, sources: &Sources, desired: &mut Desired) {
    let names: BTreeSet<_> = desired
        .apps
        .iter()
        .map(|app| app.name().to_owned())
        .collect();
    for slot in apps.slots().values() {
        let spec = Arc::clone(&slot.serving().spec);
        if !names.contains(&slot.name) && sources.holds(&spec.program.component) {
            desired.apps.push((*spec).clone());
        }
    }
}
