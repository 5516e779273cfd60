//! Which files an event may concern, found by where it happened.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The files by the steps on their ways.
#[derive(Debug, Default)]
pub(super) struct Index(HashMap<PathBuf, BTreeSet<Arc<Path>>>);

impl Index {
    /// The files on whose way a step is.
    pub(super) fn files(&self, step: &Path) -> Vec<Arc<Path>> {
        let files = self.0.get(step).into_iter().flatten();
        files.map(Arc::clone).collect()
    }

    pub(super) fn insert(&mut self, step: &Path, file: &Arc<Path>) {
        let files = self.0.entry(step.to_owned()).or_default();
        files.insert(Arc::clone(file));
    }

    pub(super) fn remove(&mut self, step: &Path, file: &Path) {
        if let Some(files) = self.0.get_mut(step) {
            files.remove(file);
            if files.is_empty() {
                self.0.remove(step);
            }
        }
    }
}
