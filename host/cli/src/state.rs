//! Where a host's state folder lies, if nobody says so.
//!
//! Owns the rule, so that the same command line finds the same state, and the commands for a host
//! that runs find it too. It makes no folder and looks into none.

use std::path::{Path, PathBuf};

use wasgi_server::Digest;

use crate::targets::MANIFEST;
use crate::xdg;

/// The state folder of a host: where it is told, by its arguments or its manifest, else one that is
/// named for what it serves. None on a machine without a home.
pub(crate) fn folder(
    told: Option<&Path>,
    targets: &[PathBuf],
    config: Option<&Path>,
) -> Option<PathBuf> {
    match told {
        Some(folder) => Some(folder.to_owned()),
        None => Some(base()?.join(name(targets, config))),
    }
}

/// The folder of the state folders of which nobody says where they are.
pub(crate) fn base() -> Option<PathBuf> {
    Some(xdg::folder("XDG_STATE_HOME", ".local/state")?.join("wasgi"))
}

/// The name for what is served: of its first target, and a digest of where all of them are.
fn name(targets: &[PathBuf], config: Option<&Path>) -> String {
    let targets = targets.iter().map(PathBuf::as_path).chain(config);
    let mut places: Vec<PathBuf> = targets.map(place).collect();
    let label = places
        .first()
        .map_or_else(String::new, |place| label(place));
    places.sort();
    places.dedup();
    let mut bytes = Vec::new();
    for place in places {
        bytes.extend_from_slice(place.as_os_str().as_encoded_bytes());
        // No path has this byte in it: other paths give other bytes.
        bytes.push(0);
    }
    let digest = Digest::of(&bytes).to_string();
    format!("{label}-{}", &digest[..HASH_DIGITS])
}

/// Digits that tell state folders of one label apart.
const HASH_DIGITS: usize = 8;

/// Where a target is. A folder with a manifest is the same target as that manifest.
fn place(target: &Path) -> PathBuf {
    let manifest = target.join(MANIFEST);
    let target = if manifest.is_file() {
        &manifest
    } else {
        target
    };
    // A module has no place of its own, but the folder that it is looked for in.
    let told = || std::path::absolute(target).unwrap_or_else(|_| target.to_owned());
    target.canonicalize().unwrap_or_else(|_| told())
}

/// The beginning of a state folder's name, by which people know it.
fn label(place: &Path) -> String {
    let named = if place.ends_with(MANIFEST) {
        place.parent().and_then(Path::file_name)
    } else if place.is_dir() {
        place.file_name()
    } else {
        place.file_stem()
    };
    let named = named.unwrap_or_default().to_string_lossy();
    let plain = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => c,
        _ => '-',
    };
    named.chars().take(LABEL_MAX).map(plain).collect()
}

/// Characters of a label.
const LABEL_MAX: usize = 40;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_same_targets_have_the_same_name() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        for folder in ["my shop", "plain"] {
            fs::create_dir(at(folder)).unwrap();
        }
        for file in [
            "a.wasm",
            "b.wasm",
            "my shop/wasgi.toml",
            "my shop/other.toml",
        ] {
            fs::write(at(file), "").unwrap();
        }
        let (a, b) = (at("a.wasm"), at("b.wasm"));
        let two = name(&[a.clone(), b.clone()], None);
        let turned = name(&[b.clone(), a.clone(), at("./plain/../b.wasm")], None);
        assert_eq!(two.strip_prefix('a'), turned.strip_prefix('b'));
        assert_ne!(two, name(std::slice::from_ref(&a), None));
        assert_eq!(two.len(), "a-12345678".len());

        let shop = name(&[], Some(&at("my shop/wasgi.toml")));
        assert!(shop.starts_with("my-shop-"), "{shop}");
        assert_eq!(shop, name(&[at("my shop")], None));
        let other = name(&[], Some(&at("my shop/other.toml")));
        assert!(other.starts_with("other-"), "{other}");
        let plain = name(&[at("plain")], None);
        assert!(plain.starts_with("plain-"), "{plain}");
        assert_eq!(name(&[a], Some(&b)), two);
    }

    #[test]
    fn a_label_is_plain() {
        for (place, expected) in [
            ("/srv/Shop_2.wasm", "Shop_2"),
            ("/srv/\u{1b}[31m\u{e9}.wasm", "--31m-"),
            ("/", ""),
            ("/wasgi.toml", ""),
        ] {
            assert_eq!(label(Path::new(place)), expected);
        }
        assert_eq!(label(Path::new(&"x".repeat(200))).len(), LABEL_MAX);
    }
}
