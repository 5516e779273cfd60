//! Real files in real folders. What is not told is shown by what is told after it.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;

use super::*;

mod folders;
mod scene;

use scene::{DEADLINE, OLD, Scene};

#[tokio::test]
async fn a_rename_onto_a_file_is_told_at_once() {
    let scene = Scene::new().await;
    let mut times = Vec::new();
    for n in 0..200 {
        scene.write("new", &n.to_string());
        let began = Instant::now();
        scene.rename("new", "app.wasm");
        assert_eq!(scene.next().await, ["app.wasm"]);
        times.push(began.elapsed());
    }
    times.sort();
    println!(
        "rename to told: median {:?}, p99 {:?}, max {:?}",
        times[100], times[198], times[199]
    );
    // No time of waiting is in it, which is at least that of settling.
    assert!(times[100] < pending::SETTLE, "{times:?}");
}

#[tokio::test]
async fn a_file_that_is_written_in_place_is_told_when_it_is_closed() {
    let scene = Scene::new().await;
    let mut file = File::create(scene.path("app.wasm")).unwrap();
    file.write_all(b"half").unwrap();
    assert!(scene.rest().await.is_empty());
    file.write_all(b"other half").unwrap();
    assert!(scene.rest().await.is_empty());
    drop(file);
    assert_eq!(scene.next().await, ["app.wasm"]);
    assert!(scene.rest().await.is_empty());
}

#[tokio::test]
async fn a_writer_that_pauses_for_longer_than_the_quiet_time_is_waited_for() {
    let scene = Scene::new().await;
    let mut file = File::create(scene.path("app.wasm")).unwrap();
    file.write_all(b"half").unwrap();
    // New permissions are told after the quiet time, which the writer pauses meanwhile.
    let began = Instant::now();
    scene.forbid("last.wasm");
    assert_eq!(scene.next().await, ["last.wasm"]);
    assert!(began.elapsed() >= pending::QUIET);
    drop(file);
    assert_eq!(scene.next().await, ["app.wasm"]);
}

#[tokio::test]
async fn a_large_copy_is_told_once_and_whole() {
    let scene = Scene::new().await;
    let bytes = vec![7; 64 << 20];
    fs::write(scene.path("large"), &bytes).unwrap();
    let (from, to) = (scene.path("large"), scene.path("app.wasm"));
    let copy = std::process::Command::new("cp").arg(from).arg(&to).spawn();
    assert_eq!(scene.next().await, ["app.wasm"]);
    assert_eq!(fs::metadata(to).unwrap().len(), 64 << 20);
    assert!(copy.unwrap().wait().unwrap().success());
    assert!(scene.rest().await.is_empty());
}

#[tokio::test]
async fn a_file_that_is_deleted_and_written_anew_is_told_once() {
    let scene = Scene::new().await;
    scene.at_once(|| {
        fs::remove_file(scene.path("app.wasm")).unwrap();
        scene.write("app.wasm", "2");
    });
    assert_eq!(scene.next().await, ["app.wasm"]);
    assert!(scene.rest().await.is_empty());
}

#[tokio::test]
async fn a_file_that_is_deleted_is_told() {
    let scene = Scene::new().await;
    fs::remove_file(scene.path("app.wasm")).unwrap();
    assert_eq!(scene.next().await, ["app.wasm"]);
    scene.rename("last.wasm", "away");
    assert_eq!(scene.next().await, ["last.wasm"]);
    scene.rename("away", "app.wasm");
    assert_eq!(scene.next().await, ["app.wasm"]);
}

#[tokio::test]
async fn a_hard_link_in_place_of_a_file_is_told_and_another_one_to_it_is_not() {
    let scene = Scene::new().await;
    fs::hard_link(scene.path("app.wasm"), scene.path("copy")).unwrap();
    assert!(scene.rest().await.is_empty());
    scene.write("other", "2");
    fs::remove_file(scene.path("app.wasm")).unwrap();
    fs::hard_link(scene.path("other"), scene.path("app.wasm")).unwrap();
    assert_eq!(scene.next().await, ["app.wasm"]);
}

#[tokio::test]
async fn new_permissions_are_told() {
    let scene = Scene::new().await;
    scene.forbid("app.wasm");
    assert_eq!(scene.next().await, ["app.wasm"]);
}

#[tokio::test]
async fn what_is_watched_can_be_replaced() {
    let scene = Scene::new().await;
    scene.write("more.wasm", "1");
    // What happened to it is known by then, and is not told later.
    assert!(scene.rest().await.is_empty());
    scene.set(&["more.wasm", "last.wasm"]).await;
    scene.replace("app.wasm", "2");
    assert!(scene.rest().await.is_empty());
    scene.replace("more.wasm", "2");
    assert_eq!(scene.next().await, ["more.wasm"]);
    // What was told of a file that nobody wants any more is not handed out.
    scene.replace("more.wasm", "3");
    scene.replace("last.wasm", "3");
    scene.set(&["app.wasm", "last.wasm"]).await;
    assert!(scene.rest().await.is_empty());
}

#[tokio::test]
async fn paths_are_told_as_they_were_given() {
    let scene = Scene::new().await;
    let odd = scene.path("").join("./sub/../app.wasm");
    scene.make("sub");
    let given = BTreeSet::from([odd.clone()]);
    scene.set_paths(given, BTreeSet::new()).await;
    scene.replace("app.wasm", "2");
    let told = tokio::time::timeout(DEADLINE, scene.changes.next())
        .await
        .unwrap();
    assert_eq!(told.first().unwrap().as_os_str(), odd.as_os_str());
}

#[tokio::test]
async fn two_thousand_files_that_change_at_once_are_all_told() {
    let scene = Scene::new().await;
    scene.make("many");
    let names: BTreeSet<_> = (0..2000).map(|n| format!("many/{n}.wasm")).collect();
    names.iter().for_each(|name| scene.write(name, "1"));
    let given: Vec<_> = names.iter().map(String::as_str).collect();
    scene.set(&given).await;
    scene.set(&given).await;
    names.iter().for_each(|name| scene.replace(name, "2"));
    scene.expect(names).await;
}

#[tokio::test]
async fn files_of_one_copy_are_told_together() {
    let scene = Scene::new().await;
    scene.make("from");
    scene.make("to");
    let names = ["a", "b", "c"];
    names
        .iter()
        .for_each(|name| scene.write(&format!("from/{name}.wasm"), name));
    let to: Vec<_> = names.iter().map(|name| format!("to/{name}.wasm")).collect();
    scene
        .set(&to.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    let mut copy = std::process::Command::new("cp");
    for name in names {
        copy.arg(scene.path(&format!("from/{name}.wasm")));
    }
    copy.arg(scene.path("to"));
    scene.at_once(|| assert!(copy.status().unwrap().success()));
    assert_eq!(scene.next().await, to);
}

#[tokio::test]
async fn everything_is_told_after_the_kernel_has_lost_events() {
    let scene = Scene::new().await;
    let queue = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let queue: usize = queue.trim().parse().unwrap();
    scene.at_once(|| {
        // Each name is an event that cannot be joined with the one before; the first of them stops
        // whoever takes them.
        for n in 0..queue {
            let path = scene.path(if n % 2 == 0 { "x" } else { "y" });
            symlink("nowhere", &path).unwrap();
            fs::remove_file(path).unwrap();
        }
        scene.replace("app.wasm", "2");
    });
    scene
        .expect(["app.wasm", "last.wasm"].map(str::to_owned).into())
        .await;
    scene.replace("app.wasm", "3");
    assert_eq!(scene.next().await, ["app.wasm"]);
}

#[tokio::test]
async fn files_are_looked_at_where_nothing_can_be_watched() {
    let scene = Scene::with_started(Watch::start_with(|_| Folders::blind()).unwrap()).await;
    scene.write("app.wasm", "longer");
    assert_eq!(scene.next().await, ["app.wasm"]);
    // An older file, as in a rollback.
    scene.write("new", "older!");
    File::options()
        .append(true)
        .open(scene.path("new"))
        .unwrap()
        .set_modified(OLD)
        .unwrap();
    scene.rename("new", "app.wasm");
    assert_eq!(scene.next().await, ["app.wasm"]);
    fs::remove_file(scene.path("app.wasm")).unwrap();
    assert_eq!(scene.next().await, ["app.wasm"]);
    let folders = BTreeSet::from([scene.path("apps")]);
    scene.set_paths(BTreeSet::new(), folders).await;
    scene.make("apps");
    scene.write("apps/a.wasm", "1");
    assert_eq!(scene.next().await, ["apps/a.wasm"]);
}

#[tokio::test]
async fn the_thread_ends_with_the_watch() {
    let scene = Scene::new().await;
    let outbox = Arc::downgrade(&scene.changes.outbox);
    drop(scene);
    let ended = async {
        while outbox.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, ended)
        .await
        .expect("the thread ended");
}
