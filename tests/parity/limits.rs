use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Chunk, Host, Response, Setup, get, post};

use super::case::Case;

/// Expect that a request is answered with this status, and that the log says why.
fn is_stopped(case: &Case, request: impl AsRef<[u8]>, status: u16, code: &str) -> Response {
    let host = case.limited();
    let response = host.send(request);
    assert_eq!(response.status, status, "{response:?}");
    host.stderr().wait_for(&[response.request_id(), code]);
    response
}

/// Expect that a stream breaks off after its first chunk, and that the log says why.
fn is_broken_off(case: &Case, target: &str, code: &str) {
    let host = case.limited();
    let response = host.get(target);
    assert_eq!((response.status, response.text()), (200, "first\n"));
    assert!(!response.is_complete);
    host.stderr().wait_for(&[code]);
}

/// Send a body in one chunk.
fn chunked(target: &str, size: usize) -> String {
    let body = "x".repeat(size);
    format!(
        "POST {target} HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n\
         {size:x}\r\n{body}\r\n0\r\n\r\n"
    )
}

parity!(memory, |case| {
    let host = case.limited();
    assert_eq!(host.get("/memory?mib=8").text(), "grew 8\n");
    is_stopped(case, get("/memory?mib=64"), 502, "memory-limit");
    assert_eq!(host.get("/memory?mib=8").text(), "grew 8\n");
});

parity!(cpu_before_the_head, |case| {
    is_stopped(case, get("/cpu"), 504, "cpu-limit");
});

parity!(cpu_in_the_body, |case| {
    is_broken_off(case, "/cpu?in=body", "cpu-limit");
});

parity!(cpu_is_counted_for_each_request_anew, |case| {
    let mut connection = case.limited().connect();
    for _ in 0..12 {
        connection.send(get("/cpu?ms=40"));
        let response = connection.response();
        assert_eq!((response.status, response.text()), (200, "done\n"));
    }
});

parity!(wall_time_asleep, |case| {
    is_stopped(case, get("/wall"), 504, "wall-limit");
    assert_eq!(case.limited().get("/wall?ms=1").text(), "woke\n");
});

parity!(wall_time_ends_with_the_head, |case| {
    let mut connection = case.limited().connect();
    connection.send(get("/wall?in=body"));
    assert_eq!(connection.head().status, 200);
    assert_eq!(connection.data(), b"first\n");
    assert!(connection.is_silent_for(Duration::from_millis(600)));
});

parity!(wall_time_waiting_for_input, |case| {
    let mut connection = case.limited().connect();
    connection.send("POST /wall-input HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\nhel");
    let status = connection.response().status;
    assert!(matches!(status, 408 | 504), "{status}");
});

parity!(idle_in_the_body, |case| {
    is_broken_off(case, "/idle?in=body", "idle-limit");
});

parity!(idle_client, |case| {
    let mut connection = case.limited().connect();
    connection.send("POST /idle-input HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\nhel");
    let response = connection.response();
    assert_eq!(response.status, 408);
    let log = case.limited().stderr();
    log.wait_for(&[response.request_id(), "body-timeout"]);
    assert!(connection.is_closed());
});

parity!(request_body_by_its_length, |case| {
    let host = case.limited();
    let (fits, too_large) = ("x".repeat(1024), "x".repeat(1025));
    assert_eq!(host.send(post("/body", &fits)).text(), "1024");
    is_stopped(case, post("/body", &too_large), 413, "body-too-large");
    // The guest is not asked.
    assert_eq!(host.send(post("/body-unread", &too_large)).status, 413);
});

parity!(request_body_in_chunks, |case| {
    let host = case.limited();
    assert_eq!(host.send(chunked("/body", 1024)).text(), "1024");
    is_stopped(case, chunked("/body", 1025), 413, "body-too-large");
});

parity!(
    request_body_after_the_head,
    [native, http02, http03] because "a program that has begun a document cannot say that it fails",
    |case| {
        let mut connection = case.limited().connect();
        let head = "POST /body-echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n";
        connection.send(format!("{head}5\r\nfirst\r\n"));
        assert_eq!(connection.head().status, 200);
        assert_eq!(connection.data(), b"first");
        let more = format!("{:x}\r\n{}\r\n0\r\n\r\n", 2000, "x".repeat(2000));
        drop(connection.try_send(more));
        let end = loop {
            match connection.chunk() {
                Chunk::Data(_) => {}
                end => break end,
            }
        };
        assert_eq!(end, Chunk::Broken);
        assert!(connection.is_closed());
    }
);

parity!(response_head, |case| {
    assert_eq!(case.limited().get("/head?fields=3&size=1000").status, 200);
    is_stopped(case, get("/head?fields=5&size=1000"), 502, "bad-response");
});

parity!(response_fields, |case| {
    assert_eq!(case.limited().get("/fields?fields=15&size=1").status, 200);
    is_stopped(case, get("/fields?fields=21&size=1"), 502, "bad-response");
});

/// Send this request on as many connections at once, and return the responses as they come.
fn at_once(host: &'static Host, target: &str, count: usize) -> Vec<Response> {
    let (sender, receiver) = mpsc::channel();
    for _ in 0..count {
        let (sender, request) = (sender.clone(), get(target));
        thread::spawn(move || sender.send(host.send(request)).unwrap());
    }
    drop(sender);
    receiver.iter().collect()
}

parity!(concurrency_and_queue, |case| {
    let responses = at_once(case.limited(), "/queue?ms=1000", 3);
    let statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    // One runs, one waits, and the third is told so at once.
    assert_eq!(statuses, [503, 200, 200]);
    assert_eq!(responses[0].field("retry-after"), Some("1"));
});

parity!(queue_wait, |case| {
    let responses = at_once(case.limited(), "/queue-wait?ms=1500", 2);
    let statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    assert_eq!(statuses, [503, 200]);
    assert_eq!(responses[0].field("retry-after"), Some("1"));
    let log = case.limited().stderr();
    log.wait_for(&[responses[0].request_id(), "overloaded"]);
});

parity!(log_output, |case| {
    const LINES: usize = 1000;
    let host = case.alone("log", "[app.limits]\nlog = '10KiB'");
    let target = case.target(&format!("/log?lines={LINES}&size=100&to=stderr"));
    assert_eq!(host.get(&target).text(), "logged\n");
    host.stderr().wait_for(&["dropped"]);
    let text = host.stderr().text();
    let passed = text
        .lines()
        .filter(|line| line.contains("xxxxxxxx"))
        .count();
    assert!((1..LINES).contains(&passed), "{passed} lines came through");
});

parity!(a_log_line_names_its_app_and_request, |case| {
    let app = case.guest("log");
    let setup = Setup::new(case.isolation).app(&app, "");
    let host = setup.arg("--access-log").arg("json").start();
    let target = case.target("/log?lines=2&size=10&to=stderr");
    assert_eq!(host.get(&target).text(), "logged\n");
    let access: Value = serde_json::from_str(&host.stdout().wait_for(&["lines=2"])).unwrap();
    let id = access["request_id"].as_str().unwrap();
    host.stderr().wait_for(&[&app, id, "line 0 xxxxxxxxxx"]);
    host.stderr().wait_for(&[&app, id, "line 1 xxxxxxxxxx"]);
});
