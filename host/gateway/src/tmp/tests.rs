use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::symlink;

use super::quota::{QuotaExceeded, Total};
use super::*;

const MIB: u64 = 1024 * 1024;

fn root(parent: &Path) -> Arc<Root> {
    Arc::new(Root::new(parent).unwrap())
}

fn names(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

fn file(folder: &Folder, name: &str) -> File {
    let mut options = OpenOptions::new();
    let path = folder.path.join(name);
    options.create(true).append(true).open(path).unwrap()
}

#[test]
fn a_folder_is_private_and_goes_with_its_instance() {
    let parent = tempfile::tempdir().unwrap();
    let root = root(parent.path());
    let folder = root.folder(MIB).unwrap();
    for path in [&folder.path, root.folder.path()] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
    file(&folder, "file").write_all(b"data").unwrap();
    fs::create_dir(folder.path.join("below")).unwrap();
    drop(folder);
    assert_eq!(names(root.folder.path()), 0);
    drop(root);
    assert_eq!(names(parent.path()), 0);
}

#[tokio::test]
async fn a_thousand_folders_leave_nothing_behind() {
    let parent = tempfile::tempdir().unwrap();
    let root = root(parent.path());
    for _ in 0..1000 {
        let folder = root.folder(MIB).unwrap();
        file(&folder, "file").write_all(b"data").unwrap();
        let pending = root.removals.load(Ordering::Relaxed);
        assert!(pending <= REMOVALS_MAX, "{pending} are being removed");
    }
    while names(root.folder.path()) > 0 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_start_removes_what_a_crash_left_and_nothing_else() {
    let parent = tempfile::tempdir().unwrap();
    let running = root(parent.path());
    let kept = running.folder(MIB).unwrap();
    let left = parent.path().join(format!("{PREFIX}left"));
    fs::create_dir_all(left.join("instance/below")).unwrap();
    let other = parent.path().join("other");
    fs::create_dir(&other).unwrap();
    let link = parent.path().join(format!("{PREFIX}link"));
    symlink(&other, &link).unwrap();

    let next = root(parent.path());
    assert!(!left.exists());
    assert!(other.exists() && link.exists() && kept.path.exists());
    drop((kept, running, next));
    assert!(other.exists());
}

#[test]
fn what_is_taken_away_makes_room_again() {
    let parent = tempfile::tempdir().unwrap();
    let folder = root(parent.path()).folder(MIB).unwrap();
    let quota = &folder.quota;
    let write = |name: &str| {
        let mut file = file(&folder, name);
        quota.add(Total::ENTRY).unwrap();
        quota.write(&file, None, 900 << 10)?;
        file.write_all(&vec![0; 900 << 10]).unwrap();
        quota.settle(900 << 10);
        Ok::<_, QuotaExceeded>(file)
    };
    let first = Arc::new(write("first").unwrap());
    quota.enter(&first);
    write("second").unwrap_err();
    // Two names, one file; and then none, but it is still open.
    fs::hard_link(folder.path.join("first"), folder.path.join("third")).unwrap();
    fs::remove_file(folder.path.join("first")).unwrap();
    write("second").unwrap_err();
    fs::remove_file(folder.path.join("third")).unwrap();
    write("second").unwrap_err();
    assert!(quota.holds(&first));
    drop(first);
    write("second").unwrap();
    write("fourth").unwrap_err();
}

#[test]
fn a_hole_counts_and_so_does_what_is_being_written() {
    let parent = tempfile::tempdir().unwrap();
    let folder = root(parent.path()).folder(MIB).unwrap();
    let quota = &folder.quota;
    let sparse = file(&folder, "sparse");
    quota.add(Total::ENTRY).unwrap();
    quota.stretch(&sparse, u64::MAX).unwrap_err();
    quota.write(&sparse, Some(u64::MAX), 1).unwrap_err();
    quota.write(&sparse, Some(MIB), 1).unwrap_err();
    quota.stretch(&sparse, MIB - 4096).unwrap();
    sparse.set_len(MIB - 4096).unwrap();
    quota.add(Total::ENTRY).unwrap_err();

    // Nothing of these is there yet when the folder is measured.
    sparse.set_len(0).unwrap();
    for _ in 0..3 {
        quota.write(&sparse, None, 300 << 10).unwrap();
    }
    quota.write(&sparse, None, 300 << 10).unwrap_err();
}

#[test]
fn entries_and_folders_are_counted() {
    let parent = tempfile::tempdir().unwrap();
    let folder = root(parent.path()).folder(u64::MAX).unwrap();
    let quota = &folder.quota;
    let mut made = 0;
    while quota.add(Total::FOLDER).is_ok() {
        fs::create_dir(folder.path.join(made.to_string())).unwrap();
        made += 1;
    }
    assert_eq!(made, 128);
    while quota.add(Total::ENTRY).is_ok() {
        drop(file(&folder, &made.to_string()));
        made += 1;
    }
    assert_eq!(made, 1024);
    fs::remove_dir(folder.path.join("7")).unwrap();
    quota.add(Total::FOLDER).unwrap();
}
