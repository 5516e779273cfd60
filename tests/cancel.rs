use std::time::Duration;

use crate::support::{Connection, Host, Isolation, Setup, get};

/// A host whose app answers one request at a time, and stops none for longer than a test waits.
fn one_by_one(isolation: Isolation, guest: &str) -> Host {
    let limits = "[app.limits]\nconcurrency = 1\nqueue = 0\n\
                  cpu = '60s'\nwall = '60s'\nidle = '60s'";
    Setup::new(isolation).app(guest, limits).start()
}

/// Wait until the app answers again, which it does only when the guest before has ended.
fn is_free(host: &Host, target: &str, text: &str) {
    let response = host.get_when_free(target);
    assert_eq!((response.status, response.text()), (200, text));
}

fn send(host: &Host, request: impl AsRef<[u8]>) -> Connection {
    let mut connection = host.connect();
    connection.send(request);
    connection
}

both!(a_sleeping_guest, |isolation: Isolation| {
    let host = one_by_one(isolation, "sleep");
    drop(host.occupy(get("/sleep?left"), "/sleep?ms=1"));
    host.stdout().wait_for(&["/sleep?left", " 499 "]);
    is_free(&host, "/sleep?ms=1", "woke\n");
});

both!(
    a_guest_whose_client_sends_no_more,
    |isolation: Isolation| {
        let host = one_by_one(isolation, "sleep");
        let mut connection = send(&host, get("/sleep?left"));
        connection.finish_sending();
        assert!(connection.is_closed());
        is_free(&host, "/sleep?ms=1", "woke\n");
    }
);

both!(a_looping_guest, |isolation: Isolation| {
    let host = one_by_one(isolation, "loop");
    drop(host.occupy(get("/loop?left"), "/loop?ms=1"));
    host.stdout().wait_for(&["/loop?left", " 499 "]);
    is_free(&host, "/loop?ms=1", "done\n");
});

both!(a_guest_that_loops_in_the_body, |isolation: Isolation| {
    let host = one_by_one(isolation, "loop");
    let mut connection = send(&host, get("/loop?in=body"));
    assert_eq!(connection.head().status, 200);
    assert_eq!(connection.data(), b"first\n");
    drop(connection);
    is_free(&host, "/loop?ms=1", "done\n");
});

both!(a_guest_that_sleeps_in_the_body, |isolation: Isolation| {
    let host = one_by_one(isolation, "sleep");
    let mut connection = send(&host, get("/sleep?in=body"));
    assert_eq!(connection.head().status, 200);
    assert_eq!(connection.data(), b"first\n");
    drop(connection);
    is_free(&host, "/sleep?ms=1", "woke\n");
});

both!(a_guest_that_streams, |isolation: Isolation| {
    let host = one_by_one(isolation, "stream");
    let mut connection = send(&host, get("/stream?chunks=1000000000&size=65536"));
    assert_eq!(connection.head().status, 200);
    connection.data();
    drop(connection);
    is_free(&host, "/stream?chunks=1&size=2", "xx");
});

both!(a_guest_that_waits_for_the_client, |isolation: Isolation| {
    let host = one_by_one(isolation, "stream");
    let mut connection = send(&host, get("/stream?chunks=1000000000&size=65536"));
    assert_eq!(connection.head().status, 200);
    // A client that reads nothing for a while, and then leaves.
    assert!(!connection.is_silent_for(Duration::from_millis(300)));
    drop(connection);
    is_free(&host, "/stream?chunks=1&size=2", "xx");
});

both!(a_guest_that_reads, |isolation: Isolation| {
    let host = one_by_one(isolation, "collect");
    let part = "POST /collect?left HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nhello";
    drop(host.occupy(part, "/collect"));
    host.stdout().wait_for(&["/collect?left", " 499 "]);
    is_free(&host, "/collect", "0");
});

both!(a_request_in_the_queue, |isolation: Isolation| {
    let limits = "[app.limits]\nconcurrency = 1\nqueue = 1\nqueue-wait = '60s'\nidle = '60s'";
    let host = Setup::new(isolation).app("sleep", limits).start();
    let mut running = send(&host, get("/sleep?in=body"));
    assert_eq!(running.head().status, 200);
    let queued = send(&host, get("/sleep?left"));
    // Of these two, one finds the queue full; the other one is in it, or has taken its turn.
    let mut second = send(&host, get("/sleep?ms=1"));
    if second.is_silent_for(Duration::from_millis(100)) {
        drop(queued);
    } else {
        assert_eq!(second.response().status, 503);
        drop(queued);
        host.stdout().wait_for(&["/sleep?left", " 499 "]);
        // Its place in the queue is free for another one.
        second = send(&host, get("/sleep?ms=1"));
    }
    drop(running);
    assert_eq!(second.response().text(), "woke\n");
});

both!(many_clients_that_leave, |isolation: Isolation| {
    let host = Setup::new(isolation)
        .app("sleep", "")
        .app("hello", "")
        .start();
    for _ in 0..200 {
        drop(send(&host, get("/sleep")));
    }
    for _ in 0..20 {
        assert_eq!(host.get("/hello").status, 200);
    }
    is_free(&host, "/sleep?ms=1", "woke\n");
});
