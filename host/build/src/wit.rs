//! The contract, which this program carries: the WIT packages of `wit/`.
//!
//! Owns what of them a guest may ask for. Their source is the folder; nothing here repeats it.

use std::collections::BTreeMap;
use std::path::Path;

use include_dir::{Dir, DirEntry, include_dir};
use wit_parser::{Resolve, SourceMap, UnresolvedPackageGroup, WorldId};

/// The folder, each of whose folders is a package.
pub(crate) static WIT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../wit");

/// The interface that a guest of the native contract exports, without its version.
pub(crate) const APP: &str = "wasgi:gateway/app";

/// All that a guest of the native contract may export and import, as one world. What a guest does
/// not import is not asked of a host, so that this world is that of every guest.
pub(crate) fn guest() -> (Resolve, WorldId) {
    let mut packages: BTreeMap<&Path, SourceMap> = BTreeMap::new();
    collect(&WIT, &mut packages);
    let packages = packages.into_values().map(parse).collect();
    let mut guest = SourceMap::new();
    guest.push_str("guest.wit", GUEST);
    let mut resolve = Resolve::new();
    let package = resolve
        .push_groups(parse(guest), packages)
        .expect("the packages of `wit/` name only each other");
    let world = resolve
        .select_world(&[package], Some("guest"))
        .expect("the package has this world");
    (resolve, world)
}

const GUEST: &str = "\
package wasgi:carried;
world guest {
  include wasgi:gateway/middleware@0.1.0;
  include wasgi:crypto/imports@0.1.0;
  include wasgi:sql/imports@0.1.0;
}";

fn collect<'a>(dir: &'a Dir<'_>, packages: &mut BTreeMap<&'a Path, SourceMap>) {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(dir) => collect(dir, packages),
            DirEntry::File(file) => {
                if file.path().extension().is_some_and(|end| end == "wit")
                    && let Some(text) = file.contents_utf8()
                {
                    packages
                        .entry(dir.path())
                        .or_default()
                        .push(file.path(), text);
                }
            }
        }
    }
}

fn parse(package: SourceMap) -> UnresolvedPackageGroup {
    package
        .parse()
        .unwrap_or_else(|(map, error)| panic!("`wit/` is well formed: {}", error.render(&map)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_may_ask_for_every_interface_of_the_contract() {
        let (resolve, world) = guest();
        let world = &resolve.worlds[world];
        let mut imports: Vec<_> = world
            .imports
            .keys()
            .map(|key| resolve.name_world_key(key))
            .collect();
        imports.sort_unstable();
        let exports: Vec<_> = world
            .exports
            .keys()
            .map(|key| resolve.name_world_key(key))
            .collect();
        assert_eq!(exports, [format!("{APP}@0.1.0")]);
        assert!(imports.contains(&format!("{APP}@0.1.0")), "{imports:?}");
        assert!(imports.contains(&"wasgi:gateway/types@0.1.0".to_owned()));
        assert!(imports.contains(&"wasgi:crypto/kdf@0.1.0".to_owned()));
        assert!(imports.contains(&"wasgi:sql/database@0.1.0".to_owned()));
    }
}
