//! Folders and links that come, go and change places.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::time::Instant;

use super::scene::Scene;
use crate::watch::folders::Folders;
use crate::watch::inbox::Happened;
use crate::watch::pending::{QUIET, SETTLE};
use crate::watch::watched::Watched;
use crate::watch::{SourceTree, Wanted};

#[tokio::test]
async fn a_link_on_the_way_that_is_swapped_is_told_and_followed() {
    let scene = Scene::new().await;
    for release in ["7", "8", "9"] {
        scene.make(&format!("releases/{release}"));
        scene.write(&format!("releases/{release}/app.wasm"), release);
    }
    // As Kubernetes mounts a ConfigMap.
    scene.link("releases/7", "..data");
    scene.link("..data/app.wasm", "linked.wasm");
    scene.set(&["linked.wasm", "last.wasm"]).await;
    for release in ["8", "9", "8"] {
        scene.link(&format!("releases/{release}"), "swap");
        scene.rename("swap", "..data");
        assert_eq!(scene.next().await, ["linked.wasm"]);
    }
    // The way leads through another folder now, and not through the first one.
    scene.replace("releases/8/app.wasm", "8b");
    assert_eq!(scene.next().await, ["linked.wasm"]);
    scene.replace("releases/7/app.wasm", "7b");
    assert!(scene.rest().await.is_empty());
    fs::remove_file(scene.path("..data")).unwrap();
    scene.link("releases/7", "..data");
    assert_eq!(scene.next().await, ["linked.wasm"]);
}

#[tokio::test]
async fn a_folder_that_is_removed_and_made_again_is_watched_again() {
    let scene = Scene::new().await;
    scene.set(&["a/b/app.wasm", "last.wasm"]).await;
    for _ in 0..10 {
        scene.make("a/b");
        scene.write("a/b/app.wasm", "1");
        assert_eq!(scene.next().await, ["a/b/app.wasm"]);
        scene.replace("a/b/app.wasm", "2");
        assert_eq!(scene.next().await, ["a/b/app.wasm"]);
        fs::remove_dir_all(scene.path("a")).unwrap();
        assert_eq!(scene.next().await, ["a/b/app.wasm"]);
    }
}

#[test]
fn a_close_that_came_before_a_folder_was_watched_is_not_waited_for() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let file = root.join("a/app.wasm");
    let inbox = Arc::default();
    let mut now = Instant::now();
    let mut watched = Watched::new(Folders::new(&inbox), now);
    watched.set(BTreeSet::from([file.clone()]), &BTreeSet::new());
    watched.folders.take_fresh();
    // It is made, written and closed before any event of that is looked at.
    fs::create_dir(root.join("a")).unwrap();
    fs::write(&file, "1").unwrap();
    for (path, happened) in [
        (root.join("a"), Happened::Created),
        (file.clone(), Happened::Written),
    ] {
        watched.handle(&path, happened, now);
    }
    watched.settle_fresh(now);
    now += QUIET;
    assert_eq!(watched.take_told(now), BTreeSet::from([file.clone()]));
    // From then on its folder tells when it is closed.
    watched.handle(&file, Happened::Written, now);
    watched.settle_fresh(now);
    now += QUIET;
    assert!(watched.take_told(now).is_empty());
    watched.handle(&file, Happened::Closed, now);
    now += SETTLE;
    assert_eq!(watched.take_told(now), BTreeSet::from([file]));
}

#[tokio::test]
async fn a_folder_that_is_swapped_by_rename_is_watched_again() {
    let scene = Scene::new().await;
    for folder in ["blue", "green"] {
        scene.make(&format!("{folder}/x"));
        scene.write(&format!("{folder}/x/app.wasm"), folder);
    }
    scene.set(&["blue/x/app.wasm", "last.wasm"]).await;
    // Nobody sees that the folder was away for a moment.
    scene.at_once(|| {
        scene.rename("blue", "old");
        scene.rename("green", "blue");
    });
    assert_eq!(scene.next().await, ["blue/x/app.wasm"]);
    scene.replace("old/x/app.wasm", "2");
    assert!(scene.rest().await.is_empty());
    scene.replace("blue/x/app.wasm", "2");
    assert_eq!(scene.next().await, ["blue/x/app.wasm"]);
}

#[tokio::test]
async fn files_come_and_go_in_a_watched_folder() {
    let scene = Scene::new().await;
    scene.make("apps");
    scene.write("apps/old.wasm", "1");
    let folders = BTreeSet::from([scene.path("apps"), scene.path("later")]);
    let last = BTreeSet::from([scene.path("last.wasm")]);
    scene.set_paths(last, folders).await;
    scene.write("apps/new.wasm", "1");
    assert_eq!(scene.next().await, ["apps/new.wasm"]);
    scene.write("apps/readme.txt", "1");
    scene.replace("apps/new.wasm", "2");
    assert_eq!(scene.next().await, ["apps/new.wasm"]);
    fs::remove_file(scene.path("apps/old.wasm")).unwrap();
    assert_eq!(scene.next().await, ["apps/old.wasm"]);
    // A link into a folder of which nothing else is watched.
    scene.make("releases");
    scene.write("releases/1.wasm", "1");
    scene.link("../releases/1.wasm", "apps/linked.wasm");
    assert_eq!(scene.next().await, ["apps/linked.wasm"]);
    scene.replace("releases/1.wasm", "2");
    assert_eq!(scene.next().await, ["apps/linked.wasm"]);
    assert!(scene.rest().await.is_empty());
    // A folder that comes with its files.
    scene.rename("apps", "later");
    let names =
        ["new", "linked"].map(|name| [format!("apps/{name}.wasm"), format!("later/{name}.wasm")]);
    scene.expect(names.concat().into_iter().collect()).await;
}

#[tokio::test]
async fn a_changed_tree_is_told_once() {
    let scene = Scene::new().await;
    scene.make("app/pages");
    scene.write("app/app.py", "1");
    let tree = SourceTree {
        folder: scene.path("app"),
        except: BTreeSet::from([scene.path("app/data")]),
    };
    let wanted = Wanted {
        files: BTreeSet::from([scene.path("last.wasm")]),
        trees: BTreeSet::from([tree]),
        ..Wanted::default()
    };
    scene.watch.set(wanted).await;
    scene.write("app/app.py", "22");
    assert_eq!(scene.next().await, ["app"]);
    scene.make("app/pages/new");
    scene.write("app/pages/new/a.html", "1");
    assert_eq!(scene.next().await, ["app"]);
    scene.at_once(|| {
        scene.write("app/pages/new/a.html", "22");
        scene.replace("app/app.py", "333");
    });
    assert_eq!(scene.next().await, ["app"]);
    scene.make("app/data");
    scene.write("app/data/db.txt", "1");
    scene.write("app/app.py~", "1");
    assert!(scene.rest().await.is_empty());
}
