//! Folders of which every file matters, in them and in the folders within: the source of an app.
//!
//! An event says only that a tree may have changed. When nothing more happens for a moment, the
//! tree is walked, and told if any of its files is not what it was. Must not open a file.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, DirEntry, File, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::folders::Folders;
use super::stamp::stamp_of;

/// A folder of source.
///
/// Hidden files do not matter, but for `.env` and its like; nor does what tools leave behind: byte
/// code, logs, databases, components, Python's virtual environments, Node's modules.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceTree {
    /// The folder.
    pub folder: PathBuf,
    /// Folders in it that do not matter: what the app itself writes to.
    pub except: BTreeSet<PathBuf>,
}

/// The trees that are watched, by their folders.
#[derive(Debug, Default)]
pub(super) struct Trees(BTreeMap<PathBuf, Tree>);

#[derive(Debug)]
struct Tree {
    wanted: SourceTree,
    /// Its folder as events name it: without links.
    root: PathBuf,
    /// What does not matter, likewise.
    except: Vec<PathBuf>,
    /// As it was when it was last told, or first watched.
    seen: Walk,
    pending: Option<Pending>,
}

/// When a tree that may have changed is walked.
#[derive(Clone, Copy, Debug)]
struct Pending {
    since: Instant,
    due: Instant,
}

impl Trees {
    /// Watches these and no others. Those that are watched already are left as they are.
    pub(super) fn set(&mut self, wanted: BTreeSet<SourceTree>, folders: &mut Folders) {
        let old = std::mem::take(&mut self.0);
        for (folder, tree) in old {
            if wanted.contains(&tree.wanted) {
                self.0.insert(folder, tree);
            } else {
                tree.release(folders);
            }
        }
        for tree in wanted {
            if !self.0.contains_key(&tree.folder) {
                self.0
                    .insert(tree.folder.clone(), Tree::watch(tree, folders));
            }
        }
    }

    /// Whether a path is the folder of a tree.
    pub(super) fn is_wanted(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    /// Something happened to a file or folder.
    pub(super) fn handle(&mut self, path: &Path, now: Instant) {
        for tree in self.0.values_mut() {
            if tree.concerns(path) {
                tree.suspect(now);
            }
        }
    }

    /// Anything may have happened.
    pub(super) fn suspect_all(&mut self, now: Instant) {
        for tree in self.0.values_mut() {
            tree.suspect(now);
        }
    }

    /// When there is something to do.
    pub(super) fn due(&self) -> Option<Instant> {
        let pending = self.0.values().filter_map(|tree| tree.pending);
        pending.map(|pending| pending.due).min()
    }

    /// Takes those that are not what they were.
    pub(super) fn take_told(&mut self, now: Instant, folders: &mut Folders) -> BTreeSet<PathBuf> {
        let mut told = BTreeSet::new();
        for (folder, tree) in &mut self.0 {
            if tree.pending.is_some_and(|pending| pending.due <= now) {
                tree.pending = None;
                if tree.look(folders) {
                    told.insert(folder.clone());
                }
            }
        }
        told
    }
}

impl Tree {
    fn watch(wanted: SourceTree, folders: &mut Folders) -> Self {
        let root = fs::canonicalize(&wanted.folder).unwrap_or_else(|_| wanted.folder.clone());
        let except = wanted.except.iter().map(|except| {
            // What is not there yet may come.
            let within = || Some(root.join(except.strip_prefix(&wanted.folder).ok()?));
            let found = fs::canonicalize(except).ok().or_else(within);
            found.unwrap_or_else(|| except.clone())
        });
        let mut tree = Self {
            except: except.collect(),
            root,
            wanted,
            seen: Walk::default(),
            pending: None,
        };
        tree.look(folders);
        tree
    }

    fn release(self, folders: &mut Folders) {
        for folder in &self.seen.folders {
            folders.forget(folder);
        }
    }

    fn concerns(&self, path: &Path) -> bool {
        let Ok(within) = path.strip_prefix(&self.root) else {
            return false;
        };
        within.iter().all(matters) && !self.is_excepted(path)
    }

    fn is_excepted(&self, path: &Path) -> bool {
        self.except.iter().any(|except| path.starts_with(except))
    }

    fn suspect(&mut self, now: Instant) {
        let since = self.pending.map_or(now, |pending| pending.since);
        // Limit: SETTLE_MAX
        let due = (now + SETTLE).min(since + SETTLE_MAX).max(now);
        self.pending = Some(Pending { since, due });
    }

    /// Walks it until all its folders are watched. Returns whether it is not what it was.
    fn look(&mut self, folders: &mut Folders) -> bool {
        let before = self.seen.print;
        // Limit: ROUNDS_MAX
        for _ in 0..ROUNDS_MAX {
            // What happened in a folder before it was watched was not noticed.
            if !self.hold(walk(&self.root, &self.except), folders) {
                break;
            }
        }
        self.seen.print != before
    }

    /// Watches the folders that it has now. Returns whether one was not watched before.
    fn hold(&mut self, found: Walk, folders: &mut Folders) -> bool {
        let mut is_new = false;
        for folder in found.folders.difference(&self.seen.folders) {
            is_new |= folders.need(folder);
        }
        for folder in found.folders.intersection(&self.seen.folders) {
            is_new |= folders.keep(folder);
        }
        for folder in self.seen.folders.difference(&found.folders) {
            folders.forget(folder);
        }
        if found.is_cut && !self.seen.is_cut {
            let root = self.root.display();
            tracing::warn!(
                "not all changes below {root} are noticed: it has more than {FOLDERS_MAX} folders \
                 or {FILES_MAX} files"
            );
        }
        self.seen = found;
        is_new
    }
}

/// A tree that changes as often while it is walked is walked again when it changes again.
const ROUNDS_MAX: usize = 8;

/// For several files of one save, and for tools that write a file in several goes.
const SETTLE: Duration = Duration::from_millis(30);

/// Longer than anyone likes to wait for a change.
const SETTLE_MAX: Duration = Duration::from_secs(1);

/// What a walk through a tree found.
#[derive(Debug, Default)]
struct Walk {
    folders: BTreeSet<PathBuf>,
    files: usize,
    /// Tells two states of the files apart, in whatever order they are found.
    print: u64,
    /// There is more than is watched.
    is_cut: bool,
}

fn walk(root: &Path, except: &[PathBuf]) -> Walk {
    let mut found = Walk::default();
    let mut left = vec![root.to_owned()];
    let outputs = outputs();
    while let Some(folder) = left.pop() {
        // Limit: FOLDERS_MAX, FILES_MAX
        if found.folders.len() == FOLDERS_MAX || found.files >= FILES_MAX {
            found.is_cut = true;
            break;
        }
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        for entry in entries.take(FILES_MAX) {
            let path = entry.path();
            if !matters(&entry.file_name()) || except.contains(&path) {
                continue;
            }
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                found.add(&entry, &path, &outputs);
            } else if !path.join(VIRTUAL_ENVIRONMENT).exists() {
                left.push(path);
            }
        }
        found.folders.insert(folder);
    }
    found
}

/// Device and number of the files that this process writes its logs to. What is told of a change
/// would be another change.
fn outputs() -> Vec<(u64, u64)> {
    let outputs = [
        io::stdout().as_fd().try_clone_to_owned(),
        io::stderr().as_fd().try_clone_to_owned(),
    ];
    let files = outputs.into_iter().flatten().map(File::from);
    files
        .filter_map(|file| Some(identity(&file.metadata().ok()?)))
        .collect()
}

fn identity(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

impl Walk {
    fn add(&mut self, entry: &DirEntry, path: &Path, outputs: &[(u64, u64)]) {
        let found = entry.metadata().ok();
        if found
            .as_ref()
            .is_some_and(|found| outputs.contains(&identity(found)))
        {
            return;
        }
        let stamp = found.map(|found| stamp_of(&found));
        let mut hasher = DefaultHasher::new();
        (path, stamp).hash(&mut hasher);
        self.print = self.print.wrapping_add(hasher.finish());
        self.files += 1;
    }
}

/// More than a project has, and a small part of what the kernel lets one user watch.
const FOLDERS_MAX: usize = 4096;

/// It bounds what a walk takes.
const FILES_MAX: usize = 65_536;

/// The file that marks a virtual environment, whatever its folder is called.
const VIRTUAL_ENVIRONMENT: &str = "pyvenv.cfg";

/// Whether a file or folder of this name is part of an app's source.
fn matters(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is_hidden = name.starts_with('.') && !name.starts_with(".env") && name != ".flaskenv";
    let is_left_behind = name.ends_with('~')
        || LEFT_BEHIND.contains(&&*name)
        || name
            .rsplit_once(['.', '-'])
            .is_some_and(|(_, ending)| LEFT_BEHIND_ENDINGS.contains(&ending));
    !is_hidden && !is_left_behind
}

/// `4913` is the file by which Vim finds out whether it may write to a folder.
const LEFT_BEHIND: [&str; 3] = ["__pycache__", "node_modules", "4913"];

const LEFT_BEHIND_ENDINGS: [&str; 13] = [
    "pyc", "pyo", "swp", "swx", "tmp", "wasm", "log", "db", "sqlite", "sqlite3", "journal", "wal",
    "shm",
];

#[cfg(test)]
mod tests;
