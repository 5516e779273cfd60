use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::{Host, guests};

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (folders, mut files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    files.extend(folders.iter().flat_map(|folder| self::files(folder)));
    files
}

#[test]
fn a_cache_entry_that_is_damaged_is_made_anew() {
    let folder = TempDir::new().unwrap();
    let cache = folder.path().join("cache");
    let (hello, cache_arg) = (guests::path("hello"), cache.to_str().unwrap());
    let serve = || {
        let host = Host::serve(&[hello.to_str().unwrap(), "--cache", cache_arg]);
        assert_eq!(host.get("/").text(), "hello\n");
        host.stop();
    };
    serve();
    assert!(!files(&cache).is_empty(), "nothing is cached");
    for file in files(&cache) {
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(
            mode & 0o077,
            0,
            "others may use {}: {mode:o}",
            file.display()
        );
    }
    type Damage = fn(&[u8]) -> Vec<u8>;
    let damages: [Damage; 4] = [
        |_| Vec::new(),
        |_| b"not compiled code".to_vec(),
        |whole| whole[..whole.len() / 2].to_vec(),
        |whole| [&[!whole[0]], &whole[1..]].concat(),
    ];
    for damage in damages {
        for file in files(&cache) {
            let damaged = damage(&fs::read(&file).unwrap());
            fs::remove_file(&file).unwrap();
            fs::write(&file, damaged).unwrap();
        }
        serve();
    }
}

#[test]
fn serving_goes_on_without_a_cache() {
    let hello = guests::path("hello");
    let host = Host::serve(&[hello.to_str().unwrap(), "--no-cache"]);
    assert_eq!(host.get("/").text(), "hello\n");
}
