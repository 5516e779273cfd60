//! The way to a file: every name that is looked up in a folder until the file is reached.
//!
//! A change of any of them may change what the path leads to. Nothing is opened here.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// What a path leads through, as it was when it was followed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Trail {
    /// What was looked up: links, folders and the file itself. No folder of these is a link.
    /// The last one that was looked up need not exist.
    pub(super) steps: BTreeSet<PathBuf>,
    /// Where it ended, if everything was there.
    pub(super) end: Option<PathBuf>,
    /// The end is a folder, and what lies in it matters too.
    is_folder: bool,
}

impl Trail {
    /// The folders in which something matters.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        let inside = self.end.as_deref().filter(|_| self.is_folder);
        let looked_up = self.steps.iter().filter_map(|step| step.parent());
        looked_up.chain(inside)
    }
}

/// Follows a path to a folder of which the files matter.
pub(super) fn follow_into(folder: &Path) -> Trail {
    Trail {
        is_folder: true,
        ..follow(folder)
    }
}

/// Follows a path, through every link.
pub(super) fn follow(path: &Path) -> Trail {
    let mut trail = Trail::default();
    let Ok(path) = std::path::absolute(path) else {
        return trail;
    };
    let mut here = PathBuf::from("/");
    let mut rest = Vec::new();
    push(&mut rest, &path);
    let mut links = 0;
    while let Some(name) = rest.pop() {
        if name == ".." {
            // Links were resolved on the way, so the parent is the one that the kernel would take.
            here.pop();
            continue;
        }
        let step = here.join(name);
        let found = fs::symlink_metadata(&step);
        trail.steps.insert(step.clone());
        match found {
            Ok(found) if found.is_symlink() => {
                links += 1;
                let target = fs::read_link(&step);
                // Limit: LINKS_MAX
                let (Ok(target), true) = (target, links <= LINKS_MAX) else {
                    return trail;
                };
                if target.is_absolute() {
                    here = PathBuf::from("/");
                }
                push(&mut rest, &target);
            }
            Ok(_) => here = step,
            Err(_) => return trail,
        }
    }
    trail.end = Some(here);
    trail
}

/// Linux gives up on a path after as many.
const LINKS_MAX: u32 = 40;

/// Puts a path's names on the pile, the first one on top.
fn push(rest: &mut Vec<OsString>, path: &Path) {
    for component in path.components().rev() {
        match component {
            Component::Normal(name) => rest.push(name.to_owned()),
            Component::ParentDir => rest.push("..".into()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn each_link_and_folder_on_the_way_is_a_step() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("releases/7")).unwrap();
        fs::write(root.join("releases/7/app.wasm"), "7").unwrap();
        symlink("releases/../releases/7", root.join("current")).unwrap();
        symlink(root.join("current/app.wasm"), root.join("app.wasm")).unwrap();

        let trail = follow(&root.join("app.wasm"));

        let within: Vec<_> = trail
            .steps
            .iter()
            .filter_map(|step| step.strip_prefix(&root).ok())
            .filter(|step| !step.as_os_str().is_empty())
            .collect();
        let names = [
            "app.wasm",
            "current",
            "releases",
            "releases/7",
            "releases/7/app.wasm",
        ];
        assert_eq!(within, names.map(Path::new));
        assert_eq!(trail.end, Some(root.join("releases/7/app.wasm")));
    }

    #[test]
    fn a_trail_ends_with_the_first_name_that_is_missing() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let trail = follow(&root.join("a/b/app.wasm"));
        assert_eq!(trail.end, None);
        assert_eq!(trail.steps.last(), Some(&root.join("a")));
        assert!(trail.folders().any(|folder| folder == root));
    }

    #[test]
    fn a_loop_of_links_ends() {
        let root = tempfile::tempdir().unwrap();
        symlink("b", root.path().join("a")).unwrap();
        symlink("a", root.path().join("b")).unwrap();
        assert_eq!(follow(&root.path().join("a")).end, None);
    }
}
