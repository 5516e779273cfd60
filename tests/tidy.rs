use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{guests, root};

/// The sources below a folder whose names end so, those of builds left out.
fn sources(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_made = ["target", "node_modules"].contains(&&*name);
        if path.is_dir() && !is_made && !name.starts_with('.') {
            files.extend(sources(&path, ending));
        } else if name.ends_with(ending) {
            files.push(path);
        }
    }
    files
}

/// The sources of this suite, the guests left out.
fn tests() -> Vec<(PathBuf, String)> {
    let tests = root().join("tests");
    let mut files = sources(&tests, ".rs");
    let guests = [tests.join("guests"), tests.join("guests-wasi")];
    files.retain(|file| !guests.iter().any(|folder| file.starts_with(folder)));
    read(files)
}

fn read(files: Vec<PathBuf>) -> Vec<(PathBuf, String)> {
    files
        .into_iter()
        .map(|file| (file.clone(), fs::read_to_string(file).unwrap()))
        .collect()
}

#[test]
fn no_file_is_longer_than_400_lines() {
    for ending in [".rs", ".py"] {
        let files = sources(&root(), ending);
        assert!(files.len() > 20, "{} files", files.len());
        let long: Vec<_> = read(files)
            .into_iter()
            .map(|(file, text)| (text.lines().count(), file))
            .filter(|(lines, _)| *lines > 400)
            .collect();
        assert!(long.is_empty(), "{long:#?}");
    }
}

#[test]
fn no_test_sleeps_or_is_ignored() {
    let has_none = |files: Vec<(PathBuf, String)>, words: [&str; 2]| {
        for (file, text) in files {
            for word in words {
                assert!(!text.contains(word), "{word} in {}", file.display());
            }
        }
    };
    has_none(
        tests(),
        [concat!("thread::", "sleep"), concat!("#[", "ignore")],
    );
    let package = root().join("guests/python/tests");
    has_none(
        read(sources(&package, ".py")),
        ["time.sleep", "unittest.skip"],
    );
}

#[test]
fn every_fixture_is_used() {
    let declared = guests::declared();
    assert!(declared.len() > 20, "{declared:?}");
    let tests: Vec<_> = tests()
        .into_iter()
        .filter(|(file, _)| !file.ends_with("support/guests.rs"))
        .collect();
    for name in declared {
        // The rows of the table name what the contracts share without the contract.
        let start = ["http02-", "http03-", "cgi1-", "cgi-"];
        let behaviour = start.iter().find_map(|start| name.strip_prefix(start));
        let behaviour = behaviour.unwrap_or(&name);
        let ways = [
            format!("/{name}"),
            format!("\"{name}\""),
            format!("\"/{behaviour}"),
            format!("\"{behaviour}\""),
        ];
        let is_used = tests
            .iter()
            .any(|(_, text)| ways.iter().any(|way| text.contains(way)));
        assert!(is_used, "no test uses the fixture {name}");
    }
}

#[test]
fn every_declared_fixture_has_a_file_and_every_file_is_declared() {
    let declared = guests::declared();
    let tests = root().join("tests");
    let folders = [
        ("guests/examples", ""),
        ("guests-wasi/behaviours", "http02-"),
        ("guests-wasi/cgi/examples", ""),
        ("guests-wasi/cgi1/examples", ""),
        ("guests-wasi/http03/examples", ""),
    ];
    for (folder, start) in folders {
        for file in sources(&tests.join(folder), ".rs") {
            let name = file.file_stem().unwrap().to_string_lossy();
            let name = format!("{start}{name}");
            assert!(declared.contains(&name), "{name} is not declared");
        }
    }
    for name in guests::SHARED {
        assert!(
            declared.iter().any(|other| other == name),
            "{name} is not a fixture"
        );
    }
}
