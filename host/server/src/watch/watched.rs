//! The files that are watched, what is known of each, and what an event says of them.
//!
//! Everything here runs on the watching thread, and may wait for the file system.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::folders::Folders;
use super::inbox::Happened;
use super::index::Index;
use super::pending::{Pending, State};
use super::stamp::{Stamp, stamp};
use super::trail::{Trail, follow, follow_into};

/// All that is watched.
pub(super) struct Watched {
    pub(super) folders: Folders,
    /// The files that were given by name.
    given: BTreeSet<PathBuf>,
    /// The folders that were given for the files in them, with the ways to them.
    homes: BTreeMap<PathBuf, Trail>,
    /// The files that were given, and those that are in the folders that were given.
    files: BTreeMap<Arc<Path>, File>,
    /// Which files an event concerns: those on whose way it happened.
    index: Index,
    pending: BTreeMap<Arc<Path>, Pending>,
    told: BTreeSet<PathBuf>,
    looked: Instant,
    is_full: bool,
}

#[derive(Debug, Default)]
struct File {
    trail: Trail,
    /// As it was when it was last told, or first watched.
    seen: Stamp,
}

impl Watched {
    pub(super) fn new(folders: Folders, now: Instant) -> Self {
        Self {
            folders,
            given: BTreeSet::new(),
            homes: BTreeMap::new(),
            files: BTreeMap::new(),
            index: Index::default(),
            pending: BTreeMap::new(),
            told: BTreeSet::new(),
            looked: now,
            is_full: false,
        }
    }

    /// Watches these and nothing else. What is watched already is left as it is.
    pub(super) fn set(&mut self, files: BTreeSet<PathBuf>, folders: &BTreeSet<PathBuf>) {
        self.given = files;
        let homes = std::mem::take(&mut self.homes);
        for (home, trail) in homes {
            if folders.contains(&home) {
                self.homes.insert(home, trail);
            } else {
                self.folders.release(&trail);
            }
        }
        let paths: Vec<_> = self.files.keys().map(Arc::clone).collect();
        for path in paths {
            if !self.is_wanted(&path) {
                self.untrack(&path);
            }
        }
        let given: Vec<Arc<Path>> = self.given.iter().map(|path| Arc::from(&**path)).collect();
        for path in given {
            self.track(&path, stamp);
        }
        for folder in folders {
            if !self.homes.contains_key(folder) {
                self.homes.insert(folder.clone(), Trail::default());
                self.follow_home(folder);
                for path in self.members(folder) {
                    self.track(&path, stamp);
                }
            }
        }
    }

    /// Whether a path was given, or is of a folder that was.
    pub(super) fn is_wanted(&self, path: &Path) -> bool {
        let in_home = || {
            path.parent()
                .is_some_and(|parent| self.homes.contains_key(parent))
        };
        self.given.contains(path) || (is_component(path) && in_home())
    }

    /// Draws the conclusions from an event.
    pub(super) fn handle(&mut self, step: &Path, happened: Happened, now: Instant) {
        // Bytes alone lead no path elsewhere.
        let is_structural = !matches!(happened, Happened::Written | Happened::Closed);
        if is_structural && happened != Happened::Touched {
            self.folders.renew_within(step);
        }
        let homes = if is_structural {
            self.homes_through(step)
        } else {
            Vec::new()
        };
        for home in homes {
            self.follow_home(&home);
            for path in self.members(&home) {
                if self.track(&path, |_| None) {
                    self.arrive(&path, happened, now);
                }
            }
        }
        if happened != Happened::Gone {
            for path in self.members_at(step) {
                self.track(&path, |_| None);
            }
        }
        for path in self.index.files(step) {
            if is_structural {
                self.follow_file(&path);
            }
            self.apply(&path, step, happened, now);
        }
    }

    /// Does not wait for the close of a file whose folder was watched anew: events of before that
    /// are handled after it, and the close may have come between.
    pub(super) fn settle_fresh(&mut self, now: Instant) {
        let fresh = self.folders.take_fresh();
        let files = &self.files;
        let is_fresh = |path: &Arc<Path>| {
            let folders = files
                .get(path)
                .into_iter()
                .flat_map(|file| file.trail.folders());
            folders.into_iter().any(|folder| fresh.contains(folder))
        };
        for (path, pending) in &mut self.pending {
            if pending.state == State::Writing && is_fresh(path) {
                *pending = Pending::quiet(Some(pending), now, stamp(path));
            }
        }
    }

    /// Looks at every file that nothing is known to happen to. Changes that nobody told of are
    /// found here, and their folders watched anew: others may have been mounted in their places.
    pub(super) fn look(&mut self, now: Instant) {
        self.looked = now;
        let homes: Vec<_> = self.homes.keys().cloned().collect();
        for home in homes {
            self.follow_home(&home);
            for path in self.members(&home) {
                self.track(&path, |_| None);
            }
        }
        let paths: Vec<_> = self.files.keys().map(Arc::clone).collect();
        for path in paths {
            if self.pending.contains_key(&path) {
                continue;
            }
            self.compare(&path, now);
            if self.pending.contains_key(&path) {
                self.renew_way(&path);
            }
        }
    }

    /// Tells every file as soon as it is quiet, since events were lost.
    pub(super) fn tell_all(&mut self, now: Instant) {
        self.folders.renew_within(Path::new("/"));
        self.look(now);
        let paths: Vec<_> = self.files.keys().map(Arc::clone).collect();
        for path in paths {
            self.follow_file(&path);
            let before = self.pending.get(&path);
            if before.is_none_or(|before| before.state == State::Writing) {
                let pending = Pending::quiet(before, now, stamp(&path));
                self.pending.insert(path, pending);
            }
        }
    }

    /// Takes what is complete by now.
    pub(super) fn take_told(&mut self, now: Instant) -> BTreeSet<PathBuf> {
        let due = self
            .pending
            .iter()
            .filter(|(_, pending)| pending.is_due(now));
        let due: Vec<_> = due.map(|(path, _)| Arc::clone(path)).collect();
        for path in due {
            let Some(pending) = self.pending.remove(&path) else {
                continue;
            };
            let is = stamp(&path);
            match pending.state {
                State::Quiet(was) if was != is => {
                    let pending = Pending::quiet(Some(&pending), now, is);
                    self.pending.insert(path, pending);
                }
                State::Quiet(_) | State::Settling | State::Writing => self.tell(&path, is),
            }
        }
        std::mem::take(&mut self.told)
    }

    /// Whether it is time to look at every file.
    pub(super) fn must_look(&self, now: Instant) -> bool {
        now >= self.looked + self.folders.period()
    }

    /// When there is something to do, if no event comes before.
    pub(super) fn wake(&self) -> Instant {
        let look = self.looked + self.folders.period();
        let due = self.pending.values().map(|pending| pending.due).min();
        due.map_or(look, |due| due.min(look))
    }

    /// What an event on its way says of a file.
    fn apply(&mut self, path: &Arc<Path>, step: &Path, happened: Happened, now: Instant) {
        let before = self.pending.get(path);
        let seen = self.files.get(path).and_then(|file| file.seen);
        if before.is_none() && seen.is_none() && stamp(path).is_none() {
            // There was no file and is none: only the way to it has changed.
            self.untrack_if_gone(path);
            return;
        }
        let pending = match happened {
            Happened::Moved => return self.tell(path, stamp(path)),
            Happened::Gone | Happened::Closed => Pending::settling(before, now),
            Happened::Written => Pending::writing(before, now),
            Happened::Created => match fs::symlink_metadata(step) {
                Ok(found) if found.is_dir() => return self.compare(path, now),
                // Any other kind of link than the first is made to a file that was there before.
                Ok(found) if found.is_file() && found.nlink() == 1 => Pending::writing(before, now),
                Ok(_) | Err(_) => Pending::settling(before, now),
            },
            Happened::Touched => match before {
                None => return self.compare(path, now),
                Some(pending) if pending.state == State::Writing => Pending::writing(before, now),
                Some(_) => return,
            },
        };
        self.pending.insert(Arc::clone(path), pending);
    }

    /// A file that was found in a folder after something happened to the folder.
    fn arrive(&mut self, path: &Arc<Path>, happened: Happened, now: Instant) {
        if happened == Happened::Moved {
            self.tell(path, stamp(path));
        } else {
            self.compare(path, now);
        }
    }

    /// Waits for a file to be quiet if it is not what it was.
    fn compare(&mut self, path: &Arc<Path>, now: Instant) {
        let is = stamp(path);
        if self.files.get(path).is_some_and(|file| file.seen != is) {
            let pending = Pending::quiet(self.pending.get(path), now, is);
            self.pending.insert(Arc::clone(path), pending);
        }
    }

    fn tell(&mut self, path: &Arc<Path>, is: Stamp) {
        self.pending.remove(path);
        if let Some(file) = self.files.get_mut(path) {
            file.seen = is;
            self.told.insert(path.to_path_buf());
        }
        if is.is_none() {
            self.untrack_if_gone(path);
        }
    }

    /// Begins to watch a file. Returns whether it was not watched before.
    fn track(&mut self, path: &Arc<Path>, seen: impl FnOnce(&Path) -> Stamp) -> bool {
        if self.files.contains_key(path) {
            return false;
        }
        // Limit: FILES_MAX
        if self.files.len() >= FILES_MAX && !self.given.contains(&**path) {
            if !std::mem::replace(&mut self.is_full, true) {
                let path = path.display();
                tracing::warn!("not watching {path}: {FILES_MAX} files are watched already");
            }
            return false;
        }
        self.files.insert(Arc::clone(path), File::default());
        self.follow_file(path);
        // After the folders are watched: a change in between must differ from what was seen.
        let seen = seen(path);
        if let Some(file) = self.files.get_mut(path) {
            file.seen = seen;
        }
        true
    }

    fn untrack(&mut self, path: &Path) {
        self.pending.remove(path);
        if let Some(file) = self.files.remove(path) {
            for step in &file.trail.steps {
                self.index.remove(step, path);
            }
            self.folders.release(&file.trail);
        }
    }

    /// A file that was not given by name is forgotten with its folder's entry.
    fn untrack_if_gone(&mut self, path: &Path) {
        if !self.given.contains(path) && fs::symlink_metadata(path).is_err() {
            self.untrack(path);
        }
    }

    /// Watches each folder on the way to a file anew.
    fn renew_way(&mut self, path: &Arc<Path>) {
        let file = self.files.get(path);
        let folders = file.iter().flat_map(|file| file.trail.folders());
        let folders: BTreeSet<_> = folders.map(Path::to_owned).collect();
        for folder in &folders {
            self.folders.renew(folder);
        }
        self.follow_file(path);
    }

    /// Watches the way to a file as it is now.
    fn follow_file(&mut self, path: &Arc<Path>) {
        let Some(file) = self.files.get_mut(path) else {
            return;
        };
        let old = std::mem::take(&mut file.trail);
        let new = self.folders.follow(|| follow(path));
        for step in old.steps.difference(&new.steps) {
            self.index.remove(step, path);
        }
        for step in new.steps.difference(&old.steps) {
            self.index.insert(step, path);
        }
        file.trail = new;
        self.folders.release(&old);
    }

    /// Watches the way to a folder as it is now.
    fn follow_home(&mut self, home: &Path) {
        if let Some(trail) = self.homes.get_mut(home) {
            let new = self.folders.follow(|| follow_into(home));
            let old = std::mem::replace(trail, new);
            self.folders.release(&old);
        }
    }

    fn homes_through(&self, step: &Path) -> Vec<PathBuf> {
        let through =
            |(home, trail): (&PathBuf, &Trail)| trail.steps.contains(step).then(|| home.clone());
        self.homes.iter().filter_map(through).collect()
    }

    /// What a name in a folder is called in the words of those who gave the folder.
    fn members_at(&self, step: &Path) -> Vec<Arc<Path>> {
        let (Some(folder), Some(name), true) =
            (step.parent(), step.file_name(), is_component(step))
        else {
            return Vec::new();
        };
        let inside = |(home, trail): (&PathBuf, &Trail)| {
            (trail.end.as_deref() == Some(folder)).then(|| Arc::from(home.join(name)))
        };
        self.homes.iter().filter_map(inside).collect()
    }

    /// The components in a folder that was given; none if it cannot be read.
    fn members(&self, home: &Path) -> Vec<Arc<Path>> {
        let entries = fs::read_dir(home).into_iter().flatten().flatten();
        let paths = entries.map(|entry| home.join(entry.file_name()));
        // Limit: FILES_MAX
        let components = paths.filter(|path| is_component(path)).take(FILES_MAX);
        components.map(Arc::from).collect()
    }
}

/// More apps than one host has; it bounds what a folder with too many files can cost.
const FILES_MAX: usize = 65_536;

fn is_component(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "wasm")
}
