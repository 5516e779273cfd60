use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use crate::support::root;

/// The languages in the order of the table, with their names.
const LANGUAGES: [(&str, &str); 7] = [
    ("rust", "Rust"),
    ("c", "C"),
    ("zig", "Zig"),
    ("go", "Go"),
    ("js", "JavaScript"),
    ("python", "Python (ASGI)"),
    ("ruby", "Ruby (Rack)"),
];

/// The behaviours that are tested in a language, fresh and reused, by the list of this suite.
fn tested() -> BTreeMap<String, BTreeSet<String>> {
    let suite = std::env::current_exe().unwrap();
    let list = Command::new(suite).arg("--list").output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    let tests: BTreeSet<&str> = list
        .lines()
        .filter_map(|line| line.strip_prefix("languages::")?.strip_suffix(": test"))
        .collect();
    let mut tested = BTreeMap::<_, BTreeSet<_>>::new();
    for test in &tests {
        let Some((name, behaviour)) = test.split_once("::") else {
            continue;
        };
        let Some(behaviour) = behaviour.strip_suffix("::fresh") else {
            continue;
        };
        if tests.contains(&*format!("{name}::{behaviour}::reuse")) {
            let languages = tested.entry(behaviour.to_owned()).or_default();
            languages.insert(name.to_owned());
        }
    }
    // What one language alone is asked for is its own.
    tested.retain(|_, languages| languages.len() > 1);
    tested
}

fn table(tested: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut table = "|".to_owned();
    for (_, name) in LANGUAGES {
        write!(table, " | {name}").unwrap();
    }
    table += " |\n|---|";
    table += &"---|".repeat(LANGUAGES.len());
    for (behaviour, languages) in tested {
        write!(table, "\n| {}", behaviour.replace('_', " ")).unwrap();
        for (language, _) in LANGUAGES {
            let has = languages.contains(language);
            write!(table, " | {}", if has { "yes" } else { "–" }).unwrap();
        }
        table += " |";
    }
    table
}

#[test]
fn the_readme_has_what_is_tested() {
    let tested = tested();
    assert!(tested.len() > 10, "{tested:?}");
    for languages in tested.values() {
        for language in languages {
            let is_listed = LANGUAGES.iter().any(|(name, _)| name == language);
            assert!(is_listed, "{language} is not in the table");
        }
    }
    let table = table(&tested);
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(
        readme.contains(&table),
        "README.md has another table of what each language does. This is the one:\n\n{table}\n"
    );
}
