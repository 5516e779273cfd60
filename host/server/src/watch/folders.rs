//! The folders that the kernel watches for us, each once however many files need it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{ErrorKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::inbox::Inbox;
use super::trail::Trail;

/// The watched folders.
pub(super) struct Folders {
    /// None if the system has none to give.
    watcher: Option<RecommendedWatcher>,
    /// How many steps need a folder.
    needed: BTreeMap<PathBuf, usize>,
    /// Those of them that are watched. A folder that is not there yet is not.
    live: BTreeSet<PathBuf>,
    /// Those that are watched since `take_fresh` was called.
    fresh: BTreeSet<PathBuf>,
    /// Some folder cannot be watched, so its files must be looked at instead.
    is_blind: bool,
}

impl Folders {
    /// Watches with the means of the system, or not at all if there are none.
    pub(super) fn new(inbox: &Arc<Inbox>) -> Self {
        let inbox = Arc::clone(inbox);
        match notify::recommended_watcher(move |event| inbox.deliver(event)) {
            Ok(watcher) => Self {
                watcher: Some(watcher),
                is_blind: false,
                ..Self::blind()
            },
            Err(error) => {
                tracing::warn!(
                    "cannot watch files: {error}; they are looked at every {POLL:?} instead \
                     (if there are too many watchers, raise the sysctl \
                     fs.inotify.max_user_instances or the limit of open files)"
                );
                Self::blind()
            }
        }
    }

    /// Watches nothing: all files must be looked at.
    pub(super) fn blind() -> Self {
        Self {
            watcher: None,
            needed: BTreeMap::new(),
            live: BTreeSet::new(),
            fresh: BTreeSet::new(),
            is_blind: true,
        }
    }

    /// How often all files must be looked at.
    pub(super) fn period(&self) -> Duration {
        if self.is_blind { POLL } else { RECHECK }
    }

    /// Follows a path until all folders on its way are watched.
    pub(super) fn follow(&mut self, follow: impl Fn() -> Trail) -> Trail {
        let mut trail = follow();
        // Limit: ROUNDS_MAX
        for _ in 0..ROUNDS_MAX {
            if !self.hold(&trail) {
                return trail;
            }
            // The way may have changed before its folders were watched.
            let again = follow();
            if again == trail {
                return trail;
            }
            self.release(&trail);
            trail = again;
        }
        self.hold(&trail);
        trail
    }

    /// Watches what a trail needs. Returns whether the trail must be followed again: what happened
    /// in a folder before it was watched was not noticed.
    fn hold(&mut self, trail: &Trail) -> bool {
        let mut is_new = false;
        for folder in trail.folders() {
            is_new |= self.need(folder);
        }
        is_new
    }

    /// Gives back what a trail needed.
    pub(super) fn release(&mut self, trail: &Trail) {
        for folder in trail.folders() {
            self.forget(folder);
        }
    }

    /// Watches a folder, for as often as it is needed. Returns whether it was not watched before.
    pub(super) fn need(&mut self, folder: &Path) -> bool {
        match self.needed.get_mut(folder) {
            Some(count) => *count += 1,
            None => drop(self.needed.insert(folder.to_owned(), 1)),
        }
        self.keep(folder)
    }

    /// Watches a folder that is needed, if it was lost. Returns whether it was.
    pub(super) fn keep(&mut self, folder: &Path) -> bool {
        !self.live.contains(folder) && self.watch(folder)
    }

    /// Gives a folder back that was needed once.
    pub(super) fn forget(&mut self, folder: &Path) {
        let Some(count) = self.needed.get_mut(folder) else {
            return;
        };
        *count -= 1;
        if *count == 0 {
            self.needed.remove(folder);
            if self.live.remove(folder) {
                self.unwatch(folder);
            }
        }
    }

    /// Watches a folder and all within anew: others may be in their places now.
    pub(super) fn renew_within(&mut self, folder: &Path) {
        // Paths are ordered name by name, so what is within a folder follows it.
        let within: Vec<_> = self
            .live
            .range::<Path, _>((Bound::Included(folder), Bound::Unbounded))
            .take_while(|live| live.starts_with(folder))
            .cloned()
            .collect();
        for folder in within {
            self.renew(&folder);
        }
    }

    /// Watches a folder anew. One that is not there is watched when a trail leads to it again.
    pub(super) fn renew(&mut self, folder: &Path) {
        if self.live.remove(folder) {
            self.unwatch(folder);
            self.watch(folder);
        }
    }

    /// The folders that are watched, or watched anew, since this was last called.
    pub(super) fn take_fresh(&mut self) -> BTreeSet<PathBuf> {
        std::mem::take(&mut self.fresh)
    }

    fn watch(&mut self, folder: &Path) -> bool {
        let Some(watcher) = &mut self.watcher else {
            return false;
        };
        match watcher.watch(folder, RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.fresh.insert(folder.to_owned());
                self.live.insert(folder.to_owned())
            }
            // It was deleted just now; the folder that it was in tells when it is back.
            Err(error) if matches!(error.kind, ErrorKind::PathNotFound) => false,
            Err(error) => {
                self.fail(folder, &error);
                false
            }
        }
    }

    /// Warns once: it is one cause that makes the others fail.
    fn fail(&mut self, folder: &Path, error: &notify::Error) {
        if self.is_blind {
            return;
        }
        self.is_blind = true;
        let folder = folder.display();
        if matches!(error.kind, ErrorKind::MaxFilesWatch) {
            tracing::warn!(
                "cannot watch the folder {folder}: as many are watched as the system allows; \
                 files are looked at every {POLL:?} instead \
                 (raise the sysctl fs.inotify.max_user_watches)"
            );
        } else {
            tracing::warn!(
                "cannot watch the folder {folder}: {error}; \
                 files are looked at every {POLL:?} instead"
            );
        }
    }

    fn unwatch(&mut self, folder: &Path) {
        // It fails if the kernel has dropped it, with the folder.
        if let Some(watcher) = &mut self.watcher
            && let Err(error) = watcher.unwatch(folder)
        {
            tracing::trace!("was not watched any more: {error}");
        }
    }
}

/// A way that changes as often while it is followed is looked at when it changes again.
const ROUNDS_MAX: usize = 8;

/// Where the kernel tells nothing.
const POLL: Duration = Duration::from_secs(1);

/// Where it tells what happens, but not what others do to a network mount, or a mount to a folder.
const RECHECK: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_cannot_be_watched_makes_its_files_be_looked_at() {
        let mut folders = Folders::new(&Arc::default());
        assert_eq!(folders.period(), RECHECK);
        let exhausted = notify::Error::new(ErrorKind::MaxFilesWatch);
        folders.fail(Path::new("/apps"), &exhausted);
        assert_eq!(folders.period(), POLL);
    }

    #[test]
    fn a_folder_is_watched_as_long_as_a_trail_needs_it() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let trail = super::super::trail::follow(&root.join("app.wasm"));
        let mut folders = Folders::new(&Arc::default());
        assert!(folders.hold(&trail));
        assert!(!folders.hold(&trail));
        folders.release(&trail);
        assert!(folders.live.contains(&root));
        folders.release(&trail);
        assert!(folders.live.is_empty());
        assert!(folders.needed.is_empty());
    }
}
