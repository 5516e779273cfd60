use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::host::BINARY;
use crate::support::lineage::{Lineage, is_alive};
use crate::support::output::PATIENCE;
use crate::support::{Chunk, Connection, get};

const HELLO: &str = "[[app]]\ncomponent = '@hello'\npath = '/hello'\n";

/// Ask at this pace until told to stop, and count; each request must be answered.
fn ask(
    address: SocketAddr,
    pace: Duration,
    keeps_alive: bool,
    count: &AtomicUsize,
    stop: &Receiver<()>,
) {
    let mut connection = Connection::open(address);
    while stop.recv_timeout(pace) == Err(RecvTimeoutError::Timeout) {
        connection.send(get("/hello"));
        let response = connection.response();
        assert_eq!((response.status, response.text()), (200, "hello\n"));
        count.fetch_add(1, Relaxed);
        let is_last = response.field("connection") == Some("close");
        if is_last {
            assert!(connection.is_closed());
        }
        if is_last || !keeps_alive {
            connection = Connection::open(address);
        }
    }
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} does not come");
        thread::yield_now();
    }
}

#[test]
fn five_upgrades_lose_no_request_and_no_descriptor() {
    const KINDS: [(u64, bool); 8] = [
        (0, true),
        (0, false),
        (1, true),
        (1, false),
        (3, true),
        (3, false),
        (20, true),
        (20, false),
    ];
    let mut lineage = Lineage::start(HELLO);
    assert_eq!(lineage.host().get("/hello").text(), "hello\n");
    let address = lineage.host().address();
    let descriptors = lineage.descriptors();
    let counts = KINDS.map(|_| AtomicUsize::new(0));
    thread::scope(|scope| {
        let mut stops = Vec::new();
        for ((pace, keeps_alive), count) in KINDS.into_iter().zip(&counts) {
            let (stop, stopped) = channel();
            stops.push(stop);
            let pace = Duration::from_millis(pace);
            scope.spawn(move || ask(address, pace, keeps_alive, count, &stopped));
        }
        for round in 1..=5 {
            let before = lineage.upgrade();
            // Under load no connection is idle for long enough to keep it.
            before.wait();
            wait_until("an answer to each client", || {
                counts.iter().all(|count| count.load(Relaxed) >= 10 * round)
            });
        }
    });
    assert_eq!(lineage.first_code(), Some(0));
    wait_until("the end of all connections", || {
        lineage.descriptors().len() <= descriptors.len()
    });
    lineage.stop();
}

#[test]
fn a_running_response_ends_whole_while_a_new_manifest_is_in_force() {
    let manifest = |greeting: &str| {
        format!(
            "[[app]]\ncomponent = '@ticks'\npath = '/ticks'\n\
             [[app]]\ncomponent = '@env'\npath = '/env'\nenv = {{ GREETING = '{greeting}' }}\n"
        )
    };
    let mut lineage = Lineage::start(&manifest("one"));
    let mut streaming = lineage.host().connect();
    streaming.send(get("/ticks?count=8&ms=250"));
    assert_eq!(streaming.head().status, 200);
    let mut body = streaming.data();
    assert_eq!(
        lineage.host().get("/env").text(),
        "GREETING=one\narg 0=app.wasm\n"
    );

    lineage.write_manifest(&manifest("two"));
    let before = lineage.upgrade();
    // Its variables are the manifest's alone: nothing of the handover is among them.
    assert_eq!(
        lineage.host().get("/env").text(),
        "GREETING=two\narg 0=app.wasm\n"
    );
    while let Chunk::Data(bytes) = streaming.chunk() {
        body.extend(bytes);
    }
    assert_eq!(String::from_utf8(body).unwrap().lines().count(), 8);
    drop(streaming);
    before.wait();
    assert_eq!(lineage.first_code(), Some(0));
    let first_lines = lineage.host().stderr().text();
    let listening = format!("listening on http://{}", lineage.host().address());
    assert_eq!(first_lines.matches(&listening).count(), 2, "{first_lines}");
    lineage.stop();
}

#[test]
fn an_idle_connection_may_bring_one_more_request() {
    let mut lineage = Lineage::start(HELLO);
    let (mut used, mut unused) = (lineage.host().connect(), lineage.host().connect());
    let mut silent = lineage.host().connect();
    for connection in [&mut used, &mut silent] {
        connection.send(get("/hello"));
        assert_eq!(connection.response().field("connection"), None);
    }
    let before = lineage.upgrade();
    // The connections hear of it a moment after the log; then one response each is the last.
    wait_until("the last response", || {
        used.send(get("/hello"));
        used.response().field("connection") == Some("close")
    });
    unused.send(get("/hello"));
    let response = unused.response();
    assert_eq!(response.text(), "hello\n");
    assert_eq!(response.field("connection"), Some("close"));
    assert!(used.is_closed() && unused.is_closed());
    assert!(silent.is_closed());
    before.wait();
    lineage.stop();
}

#[test]
fn a_broken_manifest_is_told_and_the_host_goes_on() {
    let mut lineage = Lineage::start(HELLO);
    lineage.write_manifest("[[app]]\ncomponent = '@hello'\npaht = '/hello'\n");
    lineage.signal(Signal::USR2);
    let stderr = lineage.host().stderr().clone();
    stderr.wait_for(&["error: ", "unknown key `paht`"]);
    stderr.wait_for(&[
        "cannot upgrade, this process goes on",
        "ended before it served: exit status: 2",
    ]);
    assert_eq!(lineage.host().get("/hello").text(), "hello\n");
    lineage.write_manifest(HELLO);
    lineage.upgrade().wait();
    assert_eq!(lineage.host().get("/hello").text(), "hello\n");
    lineage.stop();
}

fn script(text: &str) -> impl FnOnce(&Path) {
    move |file| {
        fs::write(file, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

const HANGS: &str = "echo \"hangs as $$\" >&2; exec sleep 1000";

#[test]
fn a_successor_that_hangs_is_killed() {
    let server = "[server]\nupgrade-wait = '3s'\n";
    let mut lineage = Lineage::start_copy(&format!("{server}{HELLO}"));
    let stderr = lineage.host().stderr().clone();
    lineage.replace_program(script(HANGS));
    lineage.signal(Signal::USR2);
    let line = stderr.wait_for(&["hangs as "]);
    let pid = line.trim_start_matches("hangs as ").parse().unwrap();
    assert!(is_alive(pid));
    lineage.signal(Signal::USR2);
    stderr.wait_for(&["cannot upgrade", "under way already"]);
    assert_eq!(lineage.host().get("/hello").text(), "hello\n");
    stderr.wait_for(&["cannot upgrade", "did not serve within 3s and was killed"]);
    wait_until("its end", || !is_alive(pid));
    assert_eq!(lineage.host().get("/hello").text(), "hello\n");

    // What is in the place of the program by then is started.
    lineage.replace_program(|file| {
        fs::copy(BINARY, file).unwrap();
    });
    lineage.upgrade().wait();
    assert_eq!(lineage.host().get("/hello").text(), "hello\n");
    lineage.stop();
}

#[test]
fn a_successor_that_ends_or_cannot_start_is_told() {
    let lineage = Lineage::start_copy(HELLO);
    let stderr = lineage.host().stderr().clone();
    lineage.replace_program(script("exit 7"));
    lineage.signal(Signal::USR2);
    stderr.wait_for(&["cannot upgrade", "ended before it served: exit status: 7"]);
    lineage.replace_program(|file| fs::write(file, "not a program").unwrap());
    lineage.signal(Signal::USR2);
    stderr.wait_for(&["cannot upgrade", "cannot start", "permission denied"]);
    assert_eq!(lineage.host().get("/hello").text(), "hello\n");
    lineage.stop();
}

#[test]
fn a_host_that_stops_takes_its_successor_with_it() {
    let mut lineage = Lineage::start_copy(HELLO);
    lineage.replace_program(script(HANGS));
    lineage.signal(Signal::USR2);
    lineage.host().stderr().wait_for(&["hangs as "]);
    // The successor has standard error too, which ends with the last of them.
    lineage.stop();
    assert_eq!(lineage.first_code(), Some(0));
}
