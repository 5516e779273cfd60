//! The folder as its callers see it; what happens to it is in `crash.rs` and `damage.rs`.

use std::error::Error as _;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;

use super::*;

mod crash;
mod damage;

const NOW: OffsetDateTime = datetime!(2026-11-23 07:00:00.123456789 UTC);

fn open() -> (TempDir, State) {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(&folder.path().join("state")).unwrap();
    (folder, state)
}

/// Opens a folder that another host had. A process that another test just starts has its lock, too,
/// until it runs its own program.
fn reopen(path: &Path) -> Result<State, StateError> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match State::open(path) {
            Err(StateError::Held { .. }) if Instant::now() < deadline => thread::yield_now(),
            result => return result,
        }
    }
}

/// Stores a component and activates it.
fn activate(state: &State, record: &mut Record, bytes: &[u8]) -> Blob {
    let blob = state.put(bytes).unwrap();
    let file_name = "app.wasm".to_owned();
    let origin = Origin::Deploy { file_name };
    record.activate(blob.digest(), origin, blob.bytes(), NOW);
    blob
}

/// The names of the files in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// An error and its sources in one line.
fn chain(error: &StateError) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[test]
fn what_was_written_is_read_after_a_restart() {
    let (folder, state) = open();
    let path = folder.path().join("state");
    let mut record = Record::default();
    let first = activate(&state, &mut record, b"first");
    let second = activate(&state, &mut record, b"second");
    let share = first.digest().release_id();
    record.split(&share, 10, Sticky::Cookie).unwrap();
    record.source = Some(Digest::of(b"refused"));
    assert_eq!(state.read("shop").unwrap(), None);
    state.write("shop", &record).unwrap();
    drop((first, second, state));

    let state = reopen(&path).unwrap();
    assert_eq!(state.apps().unwrap(), ["shop"]);
    assert_eq!(state.read("shop").unwrap(), Some(record.clone()));
    assert_eq!(state.collect().unwrap(), 0);
    let blob = state.open_blob(record.active.unwrap()).unwrap();
    assert_eq!(fs::read(&blob).unwrap(), b"second");
    for (path, mode) in [
        (path.as_path(), 0o700),
        (&path.join("apps"), 0o700),
        (&path.join("blobs"), 0o700),
        (&path.join("lock"), 0o600),
        (&path.join("apps/shop.json"), 0o600),
        (&blob, 0o400),
    ] {
        let found = fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(found, mode, "{}", path.display());
    }
}

#[test]
fn a_folder_is_opened_by_one_host_and_handed_on() {
    let (folder, state) = open();
    let path = folder.path().join("state");
    let held = |result| assert!(matches!(result, Err(StateError::Held { .. })), "{result:?}");
    held(State::open(&path));
    let stranger = File::open(path.join("lock")).unwrap();
    held(State::adopt(&path, stranger.into()));

    let inherited = state.lock_descriptor().try_clone_to_owned().unwrap();
    let adopted = State::adopt(&path, inherited).unwrap();
    drop(state);
    held(State::open(&path));
    adopted.write("shop", &Record::default()).unwrap();
    drop(adopted);
    let state = reopen(&path).unwrap();
    assert_eq!(state.apps().unwrap(), ["shop"]);

    let (elsewhere, other) = open();
    let inherited = state.lock_descriptor().try_clone_to_owned().unwrap();
    drop(other);
    let error = State::adopt(&elsewhere.path().join("state"), inherited).unwrap_err();
    assert!(
        chain(&error).ends_with("the inherited descriptor is another file"),
        "{error}"
    );
}

#[test]
fn a_folder_that_others_may_write_to_is_refused() {
    for name in ["", "apps", "blobs"] {
        let (folder, state) = open();
        drop(state);
        let path = folder.path().join("state").join(name);
        fs::set_permissions(&path, Permissions::from_mode(0o770)).unwrap();
        let error = reopen(&folder.path().join("state")).unwrap_err();
        assert!(
            error.to_string().contains("other users may write to it"),
            "{error}"
        );
    }
}

#[test]
fn every_app_name_has_a_record() {
    let (_folder, state) = open();
    let long = "long/".repeat(100);
    let mut apps = [
        "shop",
        "..",
        ".",
        "",
        "a/b",
        "a%2Fb",
        "é\0\n",
        "shop.json",
        &long,
    ];
    for app in apps {
        let record = Record {
            source: Some(Digest::of(app.as_bytes())),
            ..Record::default()
        };
        state.write(app, &record).unwrap();
    }
    for app in apps {
        let record = state.read(app).unwrap().unwrap();
        assert_eq!(record.source, Some(Digest::of(app.as_bytes())), "{app:?}");
    }
    apps.sort_unstable();
    assert_eq!(state.apps().unwrap(), apps);
    assert_eq!(names(&state.apps).len(), apps.len());
}

#[test]
fn a_component_over_its_limit_leaves_nothing() {
    let (_folder, state) = open();
    let mut incoming = state.receive(10).unwrap();
    incoming.write(b"12345").unwrap();
    incoming.write(b"67890").unwrap();
    let error = incoming.write(b"1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected a component of at most 10 bytes, found more"
    );
    drop(incoming);
    assert_eq!(names(&state.blobs_folder()), [""; 0]);

    let mut incoming = state.receive(10).unwrap();
    incoming.write(b"12345").unwrap();
    incoming.write(b"67890").unwrap();
    let blob = incoming.finish().unwrap();
    assert_eq!(
        (blob.digest(), blob.bytes()),
        (Digest::of(b"1234567890"), 10)
    );
}

#[test]
fn only_what_nothing_names_is_collected() {
    let (folder, state) = open();
    let mut record = Record::default();
    drop(activate(&state, &mut record, b"named"));
    state.write("shop", &record).unwrap();
    let pinned = [state.put(b"pinned").unwrap(), state.put(b"pinned").unwrap()];
    drop(state.put(b"forgotten").unwrap());
    let mut incoming = state.receive(100).unwrap();
    incoming.write(b"incoming").unwrap();
    let foreign = state.blobs_folder().join("notes.txt");
    fs::write(&foreign, b"").unwrap();

    assert_eq!(state.collect().unwrap(), 1);
    state.open_blob(Digest::of(b"named")).unwrap();
    assert!(foreign.exists());
    let [first, second] = pinned;
    drop(first);
    assert_eq!(state.collect().unwrap(), 0);
    state.open_blob(Digest::of(b"pinned")).unwrap();
    drop(second);
    assert_eq!(state.collect().unwrap(), 1);
    let received = incoming.finish().unwrap();
    state.open_blob(received.digest()).unwrap();

    // What a damaged record names is not known.
    fs::write(state.record_path("shop"), b"{").unwrap();
    drop(received);
    let error = state.collect().unwrap_err();
    assert!(matches!(error, StateError::DamagedRecord { .. }), "{error}");
    assert_eq!(names(&state.blobs_folder()).len(), 3);

    // What was half-written when a host was killed is removed by the next one.
    let (_, left) = files::temporary(&state.blobs_folder())
        .unwrap()
        .keep()
        .unwrap();
    drop(state);
    reopen(&folder.path().join("state")).unwrap();
    assert!(!left.exists());
}

#[test]
fn ten_threads_deploy_at_once() {
    let (_folder, state) = open();
    let deploy = |thread: u32| {
        let own = format!("app-{thread}");
        let mut record = Record::default();
        for i in 0..20_u32 {
            // Every other component is the same for all threads.
            let bytes = [i, if i % 2 == 0 { 0 } else { thread }];
            let blob = activate(&state, &mut record, &bytes.map(u32::to_be_bytes).concat());
            record.prune(3);
            state.write(&own, &record).unwrap();
            state.write("all", &record).unwrap();
            drop(blob);
            state.collect().unwrap();
            for release in &record.releases {
                state.open_blob(release.digest).unwrap();
            }
            assert_eq!(state.read(&own).unwrap().as_ref(), Some(&record));
        }
        record
    };
    let last: Vec<Record> = thread::scope(|scope| {
        let threads: Vec<_> = (0..10).map(|i| scope.spawn(move || deploy(i))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(last.contains(&state.read("all").unwrap().unwrap()));
    state.collect().unwrap();
    // Three releases an app: 19 and 17 of its own, 18 of all.
    assert_eq!(names(&state.blobs_folder()).len(), 10 * 2 + 1);
    assert_eq!(names(&state.apps).len(), 11);
}

impl State {
    fn blobs_folder(&self) -> PathBuf {
        self.apps.with_file_name("blobs")
    }
}
