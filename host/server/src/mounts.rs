//! Which app answers which path.

use std::sync::Arc;

use wasgi_gateway::App;

/// An app at its place.
#[derive(Clone)]
pub struct Mount {
    /// The part of the path that selects the app, as it is sent. Empty for all paths; else it
    /// starts with `/` and does not end with one.
    pub path: String,
    /// What answers there.
    pub app: Arc<App>,
}

/// All mounts, the longest path first.
pub(crate) struct Mounts {
    mounts: Vec<Mount>,
}

impl Mounts {
    pub(crate) fn new(mut mounts: Vec<Mount>) -> Self {
        mounts.sort_by_key(|mount| std::cmp::Reverse(mount.path.len()));
        Self { mounts }
    }

    /// The mount that a path is under.
    pub(crate) fn find(&self, path: &str) -> Option<&Mount> {
        self.mounts.iter().find(|mount| is_under(path, &mount.path))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Mount> {
        self.mounts.iter()
    }
}

fn is_under(path: &str, mount: &str) -> bool {
    path.strip_prefix(mount)
        .is_some_and(|rest| mount.is_empty() || rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_takes_itself_and_all_beneath_it() {
        for (path, mount, expected) in [
            ("/", "", true),
            ("*", "", true),
            ("/shop", "", true),
            ("/shop", "/shop", true),
            ("/shop/", "/shop", true),
            ("/shop/a", "/shop", true),
            ("/shopping", "/shop", false),
            ("/sho", "/shop", false),
            ("//shop", "/shop", false),
            ("/SHOP", "/shop", false),
        ] {
            assert_eq!(is_under(path, mount), expected, "{path} {mount}");
        }
    }
}
