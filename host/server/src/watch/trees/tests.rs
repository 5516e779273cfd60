//! Trees of source, walked: no event is needed to see what is told.

use super::*;

fn tree(folder: &Path, except: &[&str]) -> (Trees, Folders) {
    let wanted = SourceTree {
        folder: folder.to_owned(),
        except: except.iter().map(|name| folder.join(name)).collect(),
    };
    let (mut trees, mut folders) = (Trees::default(), Folders::blind());
    trees.set(BTreeSet::from([wanted]), &mut folders);
    (trees, folders)
}

/// Whether what `change` does to a folder with a small project is told.
fn tells(change: impl FnOnce(&Path)) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for (name, text) in [
        ("app.py", "1"),
        ("pages/hello.html", "1"),
        ("environment/pyvenv.cfg", ""),
        ("data/old.txt", "1"),
    ] {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), text).unwrap();
    }
    let (mut trees, mut folders) = tree(root, &["data"]);
    change(root);
    let now = Instant::now();
    trees.suspect_all(now);
    let told = trees.take_told(now + SETTLE_MAX, &mut folders);
    assert!(told.is_empty() || told == BTreeSet::from([root.to_owned()]));
    assert!(trees.take_told(now + SETTLE_MAX, &mut folders).is_empty());
    !told.is_empty()
}

#[test]
fn changed_source_is_told() {
    assert!(!tells(|_| {}));
    for name in [
        "app.py",
        "pages/hello.html",
        "new.py",
        ".env",
        "pages/new/a.py",
    ] {
        let change = |root: &Path| {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), "22").unwrap();
        };
        assert!(tells(change), "{name}");
    }
    assert!(tells(|root| fs::remove_file(root.join("app.py")).unwrap()));
    assert!(tells(|root| {
        fs::rename(root.join("app.py"), root.join("b.py")).unwrap();
    }));
}

#[test]
fn what_tools_and_the_app_leave_behind_is_not_told() {
    for name in [
        ".git/HEAD",
        "__pycache__/app.cpython-314.pyc",
        "environment/lib/x.py",
        "app.py~",
        ".app.py.swp",
        "db.sqlite3",
        "db.sqlite3-journal",
        "app.wasm",
        "data/new.txt",
    ] {
        let change = |root: &Path| {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), "22").unwrap();
        };
        assert!(!tells(change), "{name}");
    }
}

#[test]
fn an_event_elsewhere_is_no_reason_to_look() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let (mut trees, _folders) = tree(&root, &["data"]);
    let now = Instant::now();
    for other in ["data/x", ".git/index", "../other/app.py"] {
        trees.handle(&root.join(other), now);
        assert_eq!(trees.due(), None, "{other}");
    }
    trees.handle(&root.join("a/b.py"), now);
    assert_eq!(trees.due(), Some(now + SETTLE));
}

#[test]
fn a_tree_that_never_rests_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let (mut trees, _folders) = tree(folder.path(), &[]);
    let start = Instant::now();
    for step in 0..1000 {
        trees.suspect_all(start + SETTLE / 2 * step);
    }
    assert!(trees.due().unwrap() < start + SETTLE * 500);
}
