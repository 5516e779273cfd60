//! The gems of a project, which it brings along.
//!
//! Owns where they are looked for, and what is said when one is not there.

use std::fs;
use std::path::Path;

/// The names of the gems in a project.
pub(super) fn find(folder: &Path) -> Vec<String> {
    let mut found = names(&folder.join("vendor/gems"));
    let bundle = folder.join("vendor/bundle/ruby");
    for version in names(&bundle) {
        found.extend(names(&bundle.join(version).join("gems")));
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    folders
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// What to do about an error of Ruby, if it is that a gem is not there.
pub(super) fn hint(error: &str) -> Option<&'static str> {
    error.contains("cannot load such file").then_some(
        "gems are looked for in vendor/bundle, where `bundle config set --local path vendor/bundle` \
         and `bundle install` have them, and in vendor/gems/NAME-VERSION; \
         those with parts in C cannot be loaded",
    )
}
