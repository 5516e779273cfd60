//! What is left of a host that was killed, and what one does that cannot write.

use std::collections::HashMap;
use std::env;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};

use super::*;

#[test]
fn a_host_that_is_killed_leaves_what_it_acknowledged() {
    if let Some(folder) = env::var_os(FOLDER) {
        deploy_forever(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let mut acknowledged: HashMap<String, Record> = HashMap::new();
    for _ in 0..KILLS {
        let this = test("a_host_that_is_killed_leaves_what_it_acknowledged");
        let mut host = Command::new(env::current_exe().unwrap())
            .args(this)
            .env(FOLDER, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(host.stdout.take().unwrap()).lines();
        let mut in_flight = None;
        let mut heed = |line: String| {
            if let Some(app) = line.strip_prefix("begin ") {
                let (app, record) = app.split_once(' ').unwrap();
                let record: Record = serde_json::from_str(record).unwrap();
                in_flight = Some((app.to_owned(), record));
            } else if line == "done" {
                acknowledged.extend(in_flight.take());
            }
        };
        (0..random(12)).for_each(|_| heed(lines.next().unwrap().unwrap()));
        let moment = Instant::now() + Duration::from_micros(random(3000));
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        host.kill().unwrap();
        host.wait().unwrap();
        lines.for_each(|line| heed(line.unwrap()));
        is_sound(&path, &mut acknowledged, in_flight.as_ref());
    }
    assert_eq!(acknowledged.len(), APPS.len());
}

/// Hosts that are killed.
const KILLS: usize = 100;

const APPS: [&str; 3] = ["shop", "a/b", ".."];

/// Names the folder in which the test plays the host.
const FOLDER: &str = "WASGI_TEST_STATE";

/// The arguments with which this binary runs one test of this file.
fn test(name: &str) -> [String; 3] {
    let (_, module) = module_path!().split_once("::").unwrap();
    let [exact, nocapture] = ["--exact", "--nocapture"].map(str::to_owned);
    [format!("{module}::{name}"), exact, nocapture]
}

/// A number below a bound.
fn random(bound: u64) -> u64 {
    RandomState::new().build_hasher().finish() % bound
}

/// Deploys and rolls back, and says what it does before and after, until it is killed.
fn deploy_forever(folder: &Path) -> ! {
    let state = reopen(folder).unwrap();
    let mut output = io::stdout().lock();
    // The test's own output has begun the line.
    output.write_all(b"\n").unwrap();
    loop {
        let app = APPS[usize::try_from(random(3)).unwrap()];
        let mut record = state.read(app).unwrap().unwrap_or_default();
        let mut blob = None;
        if random(4) > 0 || record.rollback(None).is_err() {
            let mut incoming = state.receive(u64::MAX).unwrap();
            let chunk = random(u64::MAX).to_be_bytes().repeat(1024);
            (0..random(8)).for_each(|_| incoming.write(&chunk).unwrap());
            let finished = incoming.finish().unwrap();
            let path = "shop.wasm".to_owned();
            let now = OffsetDateTime::now_utc();
            record.activate(
                finished.digest(),
                Origin::File { path },
                finished.bytes(),
                now,
            );
            blob = Some(finished);
        }
        record.prune(3);
        let text = serde_json::to_string(&record).unwrap();
        // A line in one write: a pipe takes it whole or not at all.
        output
            .write_all(format!("begin {app} {text}\n").as_bytes())
            .unwrap();
        state.write(app, &record).unwrap();
        output.write_all(b"done\n").unwrap();
        drop(blob);
        state.collect().unwrap();
    }
}

/// Holds the folder to what was acknowledged, which becomes what is there.
fn is_sound(
    folder: &Path,
    acknowledged: &mut HashMap<String, Record>,
    in_flight: Option<&(String, Record)>,
) {
    let state = reopen(folder).unwrap();
    let mut needed = HashSet::new();
    for app in APPS {
        let Some(record) = state.read(app).unwrap() else {
            assert_eq!(acknowledged.get(app), None, "{app}");
            continue;
        };
        for release in &record.releases {
            let blob = state.open_blob(release.digest).unwrap();
            assert_eq!(fs::metadata(blob).unwrap().len(), release.bytes);
            needed.insert(format!("{}.wasm", release.digest));
        }
        let beside = in_flight.filter(|(other, _)| other == app);
        let is_known = acknowledged.get(app) == Some(&record)
            || beside.is_some_and(|(_, begun)| *begun == record);
        assert!(
            is_known,
            "{app}: {record:?}, expected {acknowledged:?} or {beside:?}"
        );
        acknowledged.insert(app.to_owned(), record);
    }
    // No file is there that is not whole, and none that nothing names.
    for name in names(&state.blobs_folder()) {
        let digest = name.strip_suffix(".wasm").unwrap().parse().unwrap();
        state.open_blob(digest).unwrap();
    }
    state.collect().unwrap();
    let left: HashSet<String> = names(&state.blobs_folder()).into_iter().collect();
    assert_eq!(left, needed);
    assert_eq!(names(&state.apps).len(), acknowledged.len());
}

#[test]
fn a_full_disk_leaves_everything_as_it_was() {
    if let Some(folder) = env::var_os(FOLDER) {
        return write_more_than_there_is_room_for(Path::new(&folder));
    }
    // The system refuses to make a file longer than 32 KiB. It would also send a signal, which
    // ends the process unless who starts it has it ignored.
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "sh"])
        .arg(env::current_exe().unwrap())
        .args(test("a_full_disk_leaves_everything_as_it_was"))
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|b| String::from_utf8(b).unwrap());
    assert!(
        output.status.success() && stdout.contains("1 passed"),
        "{stdout}\n{stderr}"
    );
}

fn write_more_than_there_is_room_for(folder: &Path) {
    let state = State::open(&folder.join("state")).unwrap();
    let mut record = Record::default();
    let blob = activate(&state, &mut record, b"first");
    state.write("shop", &record).unwrap();
    let large = [0; 64 * 1024];
    let is_refused = |result: Result<(), StateError>, what: &str, why: &str| {
        let text = chain(&result.unwrap_err());
        assert!(text.starts_with(what) && text.contains(why), "{text}");
        let kept = [format!("{}.wasm", blob.digest())];
        assert_eq!(names(&state.blobs_folder()), kept);
        assert_eq!(names(&state.apps), ["shop.json"]);
        assert_eq!(
            state.read("shop").unwrap().unwrap().active,
            Some(blob.digest())
        );
    };
    let component = format!(
        "cannot write a component to {}",
        state.blobs_folder().display()
    );
    is_refused(state.put(&large).map(drop), &component, "File too large");

    // What was written of a chunk is not taken for a component by who asks for it none the less.
    let mut incoming = state.receive(u64::MAX).unwrap();
    incoming.write(b"begun").unwrap();
    incoming.write(&large).unwrap_err();
    let rest = incoming.finish().map(drop);
    is_refused(rest, "cannot write", "a part of it was not written before");

    let mut long = record.clone();
    let path = "a".repeat(large.len());
    long.activate(blob.digest(), Origin::File { path }, 5, NOW);
    let path = state.record_path("shop");
    let write = format!("cannot write {}", path.display());
    is_refused(state.write("shop", &long), &write, "File too large");

    activate(&state, &mut record, b"second");
    state.write("shop", &record).unwrap();
    assert_eq!(state.read("shop").unwrap(), Some(record));
}

#[test]
fn a_read_only_folder_is_named_in_the_error() {
    let (_folder, state) = open();
    let blob = state.put(b"first").unwrap();
    state.write("shop", &Record::default()).unwrap();
    let [blobs, apps] = [state.blobs_folder(), state.apps.clone()];
    let set_mode = |mode| {
        for folder in [&blobs, &apps] {
            fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
        }
    };
    set_mode(0o500);
    let refused = thread::scope(|scope| {
        let write = || {
            // Root may write everywhere, a thread without its capabilities may not.
            let none = CapabilitySet::empty();
            let sets = CapabilitySets {
                effective: none,
                permitted: none,
                inheritable: none,
            };
            set_capabilities(None, sets).unwrap();
            let written = state.write("shop", &Record::default()).unwrap_err();
            [state.put(b"second").unwrap_err(), written].map(|error| chain(&error))
        };
        scope.spawn(write).join().unwrap()
    });
    set_mode(0o700);
    for (error, path) in refused.iter().zip([&blobs, &apps.join("shop.json")]) {
        assert!(error.contains(path.to_str().unwrap()), "{error}");
        assert!(error.contains("Permission denied"), "{error}");
    }
    assert_eq!(state.open_blob(blob.digest()).unwrap(), blob.path());
    assert_eq!(state.read("shop").unwrap(), Some(Record::default()));
}

#[test]
fn a_folder_that_is_gone_is_named_in_the_error() {
    let (_folder, state) = open();
    state.write("shop", &Record::default()).unwrap();
    let mut incoming = state.receive(100).unwrap();
    incoming.write(b"begun").unwrap();
    fs::remove_dir_all(state.apps.parent().unwrap()).unwrap();
    for error in [
        state.read("shop").unwrap_err(),
        state.write("shop", &Record::default()).unwrap_err(),
        state.apps().unwrap_err(),
        state.collect().unwrap_err(),
        state.put(b"component").unwrap_err(),
        incoming.finish().unwrap_err(),
    ] {
        let text = chain(&error);
        let folder = state.apps.parent().unwrap().to_str().unwrap();
        assert!(
            text.contains(folder) && text.contains("No such file"),
            "{text}"
        );
    }
}
