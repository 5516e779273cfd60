//! Tells which files have changed, once they are complete.
//!
//! The folders on the way to a file are watched, through every link, and not the file: who replaces
//! a file renames another one onto it, or onto a link that leads to it. A thread of its own takes
//! the system's events (`inbox`), follows the ways (`trail`, `folders`), decides what an event says
//! of a file (`watched`) and when that is complete (`pending`). `trees` are of files that matter as a
//! whole: the source of an app.
//!
//! It reads no file and knows nothing of apps. What changed is told at least once; that a file's
//! bytes differ is for the reader to find out.

mod folders;
mod inbox;
mod index;
mod pending;
mod stamp;
#[cfg(test)]
mod tests;
mod trail;
mod trees;
mod watched;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, oneshot};

use folders::Folders;
use inbox::{Inbox, Order};
use trees::Trees;
use watched::Watched;

pub use trees::SourceTree;

/// Decides what is watched. The watching ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    inbox: Arc<Inbox>,
}

/// What is to be watched. None of it need exist.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// These files.
    pub(crate) files: BTreeSet<PathBuf>,
    /// Every `*.wasm` that is or will be in these folders.
    pub(crate) folders: BTreeSet<PathBuf>,
    /// All that is in these folders and those within them.
    pub(crate) trees: BTreeSet<SourceTree>,
}

/// What has changed and was not taken yet.
#[derive(Debug)]
pub(crate) struct Changes {
    outbox: Arc<Outbox>,
}

/// A path is in it once, however often its file changes: it is bounded by what is watched.
#[derive(Debug, Default)]
struct Outbox {
    changed: Mutex<BTreeSet<PathBuf>>,
    bell: Notify,
}

impl Watch {
    /// Begins to watch nothing. Where the system cannot watch, files are looked at every second.
    ///
    /// Fails if the thread cannot be started.
    pub(crate) fn start() -> io::Result<(Self, Changes)> {
        Self::start_with(Folders::new)
    }

    /// Watches this in place of what was watched before.
    ///
    /// It returns when they are watched: load a file after it, and no change is missed. A later
    /// call may take the place of one that waits.
    pub(crate) async fn set(&self, wanted: Wanted) {
        let (done, is_done) = oneshot::channel();
        self.inbox.order(Order { wanted, done });
        // An order that was dropped gave way to a newer one.
        is_done.await.unwrap_or_default();
    }

    fn start_with(folders: impl FnOnce(&Arc<Inbox>) -> Folders) -> io::Result<(Self, Changes)> {
        let (inbox, outbox) = (Arc::<Inbox>::default(), Arc::<Outbox>::default());
        let folders = folders(&inbox);
        let (mail, told) = (Arc::clone(&inbox), Arc::clone(&outbox));
        let thread = std::thread::Builder::new().name("wasgi-watch".into());
        thread.spawn(move || run(&mail, folders, &told))?;
        Ok((Self { inbox }, Changes { outbox }))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.inbox.close();
    }
}

impl Changes {
    /// Waits until files have changed, and returns them as they were given, or as the folder was
    /// with their name; of a tree, its folder. A file that was deleted is among them.
    ///
    /// It waits for ever once the `Watch` is dropped. Nothing is lost if this is dropped.
    pub(crate) async fn next(&self) -> BTreeSet<PathBuf> {
        loop {
            let changed = std::mem::take(&mut *self.outbox.lock());
            if !changed.is_empty() {
                return changed;
            }
            self.outbox.bell.notified().await;
        }
    }
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        // Nothing is left half done under this lock.
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(inbox: &Inbox, folders: Folders, outbox: &Outbox) {
    let mut watched = Watched::new(folders, Instant::now());
    let mut trees = Trees::default();
    loop {
        let due = trees.due().into_iter().chain([watched.wake()]).min();
        let mail = inbox.wait(due.expect("the files have one"));
        if mail.is_closed {
            return;
        }
        let now = Instant::now();
        for (path, happened) in mail.events {
            watched.handle(&path, happened, now);
            trees.handle(&path, now);
        }
        watched.settle_fresh(now);
        if mail.is_lossy {
            watched.tell_all(now);
            trees.suspect_all(now);
        }
        if watched.must_look(now) {
            watched.look(now);
            trees.suspect_all(now);
        }
        if let Some(order) = mail.order {
            let Wanted {
                files,
                folders,
                trees: wanted,
            } = order.wanted;
            watched.set(files, &folders);
            trees.set(wanted, &mut watched.folders);
            watched.folders.take_fresh();
            let mut outbox = outbox.lock();
            outbox.retain(|path| watched.is_wanted(path) || trees.is_wanted(path));
            drop(outbox);
            // Nobody may wait for it any more.
            order.done.send(()).unwrap_or_default();
        }
        // The ways to the new files are watched by now, so that a change after this is noticed.
        let mut told = watched.take_told(now);
        told.retain(|path| watched.is_wanted(path));
        told.append(&mut trees.take_told(now, &mut watched.folders));
        if !told.is_empty() {
            outbox.lock().append(&mut told);
            outbox.bell.notify_one();
        }
    }
}
