use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::support::{Chunk, Host, Isolation, Response, Setup, get, post};

/// A host with one app whose instances take as many requests at once as `together` says.
fn shared(guest: &str, together: u32, limits: &str) -> Host {
    let toml =
        format!("[app.reuse]\nconcurrency-per-instance = {together}\n[app.limits]\n{limits}");
    Setup::new(Isolation::Reuse).app(guest, &toml).start()
}

/// Send this request on as many connections at once, and return the responses.
fn at_once(host: &Host, target: &str, count: usize) -> Vec<Response> {
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..count {
            let (sender, request) = (sender.clone(), get(target));
            scope.spawn(move || sender.send(host.send(request)).unwrap());
        }
    });
    drop(sender);
    receiver.iter().collect()
}

#[test]
fn an_instance_takes_several_requests_at_once() {
    let host = shared("http03-concurrent", 4, "");
    for response in at_once(&host, "/http03-concurrent?together=4", 4) {
        assert_eq!((response.status, response.text()), (200, "together\n"));
    }
}

#[test]
fn an_instance_takes_no_more_requests_than_it_may() {
    let host = shared("http03-concurrent", 2, "wall = '500ms'");
    for response in at_once(&host, "/http03-concurrent?together=3", 4) {
        // The limit of one ends the instance, and with it the other one's guest.
        assert!(matches!(response.status, 502 | 504), "{response:?}");
    }
    for response in at_once(&host, "/http03-concurrent?together=2", 2) {
        assert_eq!((response.status, response.text()), (200, "together\n"));
    }
}

#[test]
fn a_fresh_instance_takes_one_request() {
    let host = Setup::new(Isolation::Fresh)
        .app("http03-concurrent", "[app.limits]\nwall = '500ms'")
        .start();
    for response in at_once(&host, "/http03-concurrent?together=2", 2) {
        assert_eq!(response.status, 504, "{response:?}");
    }
}

#[test]
fn a_bound_of_one_lets_requests_wait_for_each_other() {
    let host = shared("http03-count", 1, "concurrency = 1");
    let mut counts: Vec<_> = at_once(&host, "/http03-count", 4)
        .iter()
        .map(|response| response.text().to_owned())
        .collect();
    counts.sort();
    assert_eq!(counts, ["1", "2", "3", "4"]);
}

// Together they take far more than one of them may.
#[test]
fn cpu_time_is_counted_for_each_request() {
    let host = shared("http03-loop", 8, "cpu = '400ms'");
    for response in at_once(&host, "/http03-loop?ms=100", 8) {
        assert_eq!((response.status, response.text()), (200, "done\n"));
    }
}

#[test]
fn an_endless_loop_ends_with_its_limit_and_the_app_goes_on() {
    let host = shared("http03-loop", 4, "cpu = '200ms'");
    let response = host.get("/http03-loop");
    assert_eq!(response.status, 504);
    host.stderr()
        .wait_for(&[response.request_id(), "cpu-limit"]);
    assert_eq!(host.get("/http03-loop?ms=1").text(), "done\n");
}

#[test]
fn a_trap_ends_the_requests_that_share_its_instance() {
    let limits = "concurrency = 2\nqueue = 0\nwall = '60s'";
    let host = shared("http03-count", 2, limits);
    assert_eq!(host.get("/http03-count").text(), "1");
    let mut sleeping = host.connect();
    sleeping.send(get("/http03-count?then=sleep"));
    assert!(sleeping.is_silent_for(Duration::from_millis(200)));
    assert_eq!(host.get("/http03-count?then=trap").status, 502);
    assert_eq!(sleeping.response().status, 502);
    assert_eq!(host.get_when_free("/http03-count").text(), "1");
}

#[test]
fn a_client_that_leaves_does_not_end_its_neighbours() {
    let host = shared("http03-sleep", 4, "");
    let mut staying = host.connect();
    staying.send(get("/http03-sleep?in=body&ms=1500"));
    assert_eq!(staying.head().status, 200);
    assert_eq!(staying.data(), b"first\n");
    let mut leaving = host.connect();
    leaving.send(get("/http03-sleep?in=body&left"));
    assert_eq!(leaving.head().status, 200);
    drop(leaving);
    host.stdout().wait_for(&["&left"]);
    assert_eq!(staying.data(), b"woke\n");
}

both!(
    a_body_that_is_handed_on_arrives_whole,
    |isolation: Isolation| {
        let host = Setup::new(isolation).app("http03-pass", "").start();
        let body = "x".repeat(1 << 20);
        let response = host.send(post("/http03-pass", &body));
        assert!(
            response.is_complete && response.text() == body,
            "{}",
            response.body.len()
        );
        let log = host.stdout();
        log.wait_for(&["POST /http03-pass ", &format!(" 200 {} ", body.len())]);

        // One that is still coming when the guest has ended.
        let mut connection = host.connect();
        let head = "POST /http03-pass HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n";
        connection.send(format!("{head}5\r\nfirst\r\n"));
        assert_eq!(connection.head().status, 200);
        assert_eq!(connection.data(), b"first");
        connection.send("6\r\nsecond\r\n0\r\n\r\n");
        assert_eq!(connection.data(), b"second");
        assert_eq!(connection.chunk(), Chunk::End(Vec::new()));
    }
);
