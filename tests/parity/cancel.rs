use crate::support::{Connection, Host, get};

use super::case::Case;

/// A host whose app answers one request at a time, and stops none for longer than a test waits.
fn one_by_one(case: &Case, behaviour: &str) -> Host {
    let limits = "[app.limits]\nconcurrency = 1\nqueue = 0\n\
                  cpu = '60s'\nwall = '60s'\nidle = '60s'";
    case.alone(behaviour, limits)
}

/// Wait until the app answers again, which it does only when the guest before has ended.
fn is_free(host: &Host, target: &str, text: &str) {
    let response = host.get_when_free(target);
    assert_eq!((response.status, response.text()), (200, text));
}

/// Get a stream's head and first bytes.
fn begin(host: &Host, target: &str) -> Connection {
    let mut connection = host.connect();
    connection.send(get(target));
    assert_eq!(connection.head().status, 200);
    connection.data();
    connection
}

parity!(a_sleeping_guest, |case| {
    let host = one_by_one(case, "sleep");
    let short = case.target("/sleep?ms=1");
    drop(host.occupy(get(&case.target("/sleep?left")), &short));
    host.stdout().wait_for(&["?left", " 499 "]);
    is_free(&host, &short, "woke\n");
});

parity!(a_looping_guest, |case| {
    let host = one_by_one(case, "loop");
    let short = case.target("/loop?ms=1");
    drop(host.occupy(get(&case.target("/loop?left")), &short));
    host.stdout().wait_for(&["?left", " 499 "]);
    is_free(&host, &short, "done\n");
});

parity!(a_guest_that_loops_in_the_body, |case| {
    let host = one_by_one(case, "loop");
    drop(begin(&host, &case.target("/loop?in=body")));
    is_free(&host, &case.target("/loop?ms=1"), "done\n");
});

parity!(a_guest_that_sleeps_in_the_body, |case| {
    let host = one_by_one(case, "sleep");
    drop(begin(&host, &case.target("/sleep?in=body")));
    is_free(&host, &case.target("/sleep?ms=1"), "woke\n");
});

parity!(a_guest_that_streams, |case| {
    let host = one_by_one(case, "stream");
    drop(begin(
        &host,
        &case.target("/stream?chunks=1000000000&size=65536"),
    ));
    is_free(&host, &case.target("/stream?chunks=1&size=2"), "xx");
});

parity!(a_guest_that_reads, |case| {
    let host = one_by_one(case, "collect");
    let target = case.target("/collect");
    let part =
        format!("POST {target}?left HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nhello");
    drop(host.occupy(part, &target));
    host.stdout().wait_for(&["?left", " 499 "]);
    is_free(&host, &target, "0");
});

parity!(many_clients_that_leave, |case| {
    let host = case.alone("sleep", "");
    let request = get(&case.target("/sleep"));
    for _ in 0..100 {
        host.connect().send(&request);
    }
    is_free(&host, &case.target("/sleep?ms=1"), "woke\n");
});
