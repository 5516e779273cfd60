use std::net::TcpStream;
use std::time::Instant;

use rustix::process::Signal;

use crate::support::output::PATIENCE;
use crate::support::{Host, Isolation, Setup, get};

/// Wait until the host takes no new connection.
fn takes_no_more(host: &Host) {
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(host.address()).is_ok() {
        assert!(Instant::now() < deadline, "it still takes connections");
    }
}

both!(what_runs_is_finished, |isolation: Isolation| {
    for signal in [Signal::TERM, Signal::INT] {
        let host = Setup::new(isolation)
            .app("ticks", "")
            .app("sleep", "")
            .start();
        let (mut streaming, mut starting) = (host.connect(), host.connect());
        starting.send(get("/sleep?ms=1000"));
        streaming.send(get("/ticks?count=4&ms=250"));
        let mut response = streaming.head();
        response.body = streaming.data();
        host.signal(signal);
        takes_no_more(&host);
        while let crate::support::Chunk::Data(bytes) = streaming.chunk() {
            response.body.extend(bytes);
        }
        assert_eq!(response.text().lines().count(), 4, "{}", response.text());
        assert!(streaming.is_closed());
        let response = starting.response();
        assert_eq!((response.status, response.text()), (200, "woke\n"));
        assert!(starting.is_closed());
        host.finish();
    }
});

#[test]
fn idle_connections_are_closed() {
    let host = Setup::new(Isolation::Fresh).app("hello", "").start();
    let (mut used, mut unused) = (host.connect(), host.connect());
    used.send(get("/hello"));
    assert_eq!(used.response().text(), "hello\n");
    host.signal(Signal::TERM);
    assert!(used.is_closed());
    assert!(unused.is_closed());
    host.finish();
}

#[test]
fn a_request_that_comes_with_the_signal_is_answered() {
    let host = Setup::new(Isolation::Fresh).app("hello", "").start();
    let mut connections: Vec<_> = (0..64).map(|_| host.connect()).collect();
    for connection in &mut connections {
        connection.send(get("/hello"));
        assert_eq!(connection.response().text(), "hello\n");
    }
    // Both are there when the host goes on.
    host.signal(Signal::STOP);
    for connection in &mut connections {
        connection.send(get("/hello"));
    }
    host.signal(Signal::TERM);
    host.signal(Signal::CONT);
    for connection in &mut connections {
        let response = connection.response();
        assert_eq!(response.text(), "hello\n");
        assert!(connection.is_closed());
    }
    host.finish();
}

#[test]
fn a_host_without_requests_ends_at_once() {
    let host = Setup::new(Isolation::Fresh).app("hello", "").start();
    assert_eq!(host.stop(), "");
}

both!(
    what_does_not_end_in_time_is_ended,
    |isolation: Isolation| {
        let host = Setup::new(isolation)
            .server("drain = '300ms'")
            .app("sleep", "")
            .app("loop", "")
            .start();
        let mut connections = Vec::new();
        for target in ["/sleep?in=body", "/loop?in=body"] {
            let mut connection = host.connect();
            connection.send(get(target));
            assert_eq!(connection.head().status, 200);
            assert_eq!(connection.data(), b"first\n");
            connections.push(connection);
        }
        host.signal(Signal::TERM);
        host.finish();
        for mut connection in connections {
            assert_eq!(connection.chunk(), crate::support::Chunk::Broken);
        }
    }
);
