use std::sync::LazyLock;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::support::{Chunk, Connection, Host, Isolation, Response, Setup, get, post};

/// The shared host on which each app has one small limit.
fn limited(isolation: Isolation) -> &'static Host {
    static FRESH: LazyLock<Host> = LazyLock::new(|| start(Isolation::Fresh));
    static REUSE: LazyLock<Host> = LazyLock::new(|| start(Isolation::Reuse));
    fn start(isolation: Isolation) -> Host {
        let apps = [
            ("/memory", "grow", "memory = '32MiB'"),
            ("/cpu", "loop", "cpu = '200ms'"),
            ("/wall", "sleep", "wall = '200ms'"),
            ("/wall-input", "collect", "wall = '200ms'"),
            ("/idle", "sleep", "idle = '200ms'"),
            ("/idle-input", "collect", "idle = '200ms'"),
            ("/body", "collect", "request-body = '1KiB'"),
            ("/body-echo", "echo", "request-body = '1KiB'"),
            ("/body-unread", "ignore-input", "request-body = '1KiB'"),
            ("/head", "head", "response-head = '4KiB'"),
            ("/fields", "head", "response-fields = 20"),
            (
                "/queue",
                "sleep",
                "concurrency = 1\nqueue = 1\nqueue-wait = '20s'",
            ),
            (
                "/queue-wait",
                "sleep",
                "concurrency = 1\nqueue = 9\nqueue-wait = '200ms'",
            ),
            ("/call-bytes", "big", "host-call = '1MiB'"),
            ("/call-chunk", "stream", "host-call = '1MiB'"),
            ("/hello", "hello", ""),
        ];
        let setup = apps
            .iter()
            .fold(Setup::new(isolation), |setup, (path, guest, limits)| {
                setup.mount(path, guest, &format!("[app.limits]\n{limits}"))
            });
        setup.start().ended_with_the_suite()
    }
    match isolation {
        Isolation::Fresh => &FRESH,
        Isolation::Reuse => &REUSE,
    }
}

/// Expect that a request is answered with this status, and that the log says why.
fn is_stopped(host: &Host, request: impl AsRef<[u8]>, status: u16, code: &str) -> Response {
    let response = host.send(request);
    assert_eq!(response.status, status, "{response:?}");
    host.stderr().wait_for(&[response.request_id(), code]);
    response
}

/// Expect that a stream breaks off after its first chunk, and that the log says why.
fn is_broken_off(host: &Host, target: &str, app: &str, code: &str) {
    let response = host.get(target);
    assert_eq!((response.status, response.text()), (200, "first\n"));
    assert!(!response.is_complete);
    host.stderr().wait_for(&[app, code]);
}

/// Send a body in one chunk.
fn chunked(target: &str, size: usize) -> String {
    let body = "x".repeat(size);
    format!(
        "POST {target} HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n\
         {size:x}\r\n{body}\r\n0\r\n\r\n"
    )
}

both!(memory, |isolation: Isolation| {
    let host = limited(isolation);
    assert_eq!(host.get("/memory?mib=8").text(), "grew 8\n");
    is_stopped(host, get("/memory?mib=64"), 502, "memory-limit");
    assert_eq!(host.get("/memory?mib=8").text(), "grew 8\n");
});

both!(memory_has_a_default, |host| {
    assert_eq!(host.get("/grow?mib=32").text(), "grew 32\n");
    assert_eq!(host.get("/grow?mib=200").status, 502);
});

both!(cpu_before_the_head, |isolation: Isolation| {
    is_stopped(limited(isolation), get("/cpu"), 504, "cpu-limit");
});

both!(cpu_in_the_body, |isolation: Isolation| {
    is_broken_off(limited(isolation), "/cpu?in=body", "cpu", "cpu-limit");
});

both!(
    cpu_is_counted_for_each_request_anew,
    |isolation: Isolation| {
        let mut connection = limited(isolation).connect();
        for _ in 0..12 {
            connection.send(get("/cpu?ms=40"));
            let response = connection.response();
            assert_eq!((response.status, response.text()), (200, "done\n"));
        }
    }
);

both!(wall_time_asleep, |isolation: Isolation| {
    let host = limited(isolation);
    is_stopped(host, get("/wall"), 504, "wall-limit");
    assert_eq!(host.get("/wall?ms=1").text(), "woke\n");
});

both!(wall_time_ends_with_the_head, |isolation: Isolation| {
    let mut connection = limited(isolation).connect();
    connection.send(get("/wall?in=body"));
    assert_eq!(connection.head().status, 200);
    assert_eq!(connection.data(), b"first\n");
    assert!(connection.is_silent_for(Duration::from_millis(600)));
});

both!(wall_time_waiting_for_input, |isolation: Isolation| {
    let mut connection = limited(isolation).connect();
    connection.send("POST /wall-input HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\nhel");
    let status = connection.response().status;
    assert!(matches!(status, 408 | 504), "{status}");
});

both!(idle_in_the_body, |isolation: Isolation| {
    is_broken_off(limited(isolation), "/idle?in=body", "idle", "idle-limit");
});

both!(idle_client, |isolation: Isolation| {
    let host = limited(isolation);
    let mut connection = host.connect();
    connection.send("POST /idle-input HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\nhel");
    let response = connection.response();
    assert_eq!(response.status, 408);
    host.stderr()
        .wait_for(&[response.request_id(), "body-timeout"]);
    assert!(connection.is_closed());
});

both!(request_body_by_its_length, |isolation: Isolation| {
    let host = limited(isolation);
    assert_eq!(host.send(post("/body", &"x".repeat(1024))).text(), "1024");
    is_stopped(
        host,
        post("/body", &"x".repeat(1025)),
        413,
        "body-too-large",
    );
    // The guest is not asked.
    assert_eq!(
        host.send(post("/body-unread", &"x".repeat(1025))).status,
        413
    );
});

both!(request_body_in_chunks, |isolation: Isolation| {
    let host = limited(isolation);
    assert_eq!(host.send(chunked("/body", 1024)).text(), "1024");
    is_stopped(host, chunked("/body", 1025), 413, "body-too-large");
});

both!(request_body_after_the_head, |isolation: Isolation| {
    let host = limited(isolation);
    let mut connection = host.connect();
    let head = "POST /body-echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n";
    connection.send(format!("{head}5\r\nfirst\r\n"));
    assert_eq!(connection.head().status, 200);
    assert_eq!(connection.data(), b"first");
    let more = format!("{:x}\r\n{}\r\n0\r\n\r\n", 2000, "x".repeat(2000));
    drop(connection.try_send(more));
    while matches!(connection.chunk(), Chunk::Data(_)) {}
    assert!(connection.is_closed());
});

both!(response_head, |isolation: Isolation| {
    let host = limited(isolation);
    assert_eq!(host.get("/head?fields=3&size=1000").status, 200);
    is_stopped(host, get("/head?fields=5&size=1000"), 502, "bad-response");
});

both!(response_fields, |isolation: Isolation| {
    let host = limited(isolation);
    assert_eq!(host.get("/fields?fields=15&size=1").status, 200);
    is_stopped(host, get("/fields?fields=21&size=1"), 502, "bad-response");
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

both!(concurrency_and_queue, |isolation: Isolation| {
    let responses = at_once(limited(isolation), "/queue?ms=1000", 3);
    let statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    // One runs, one waits, and the third is told so at once.
    assert_eq!(statuses, [503, 200, 200]);
    assert_eq!(responses[0].field("retry-after"), Some("1"));
});

both!(queue_wait, |isolation: Isolation| {
    let responses = at_once(limited(isolation), "/queue-wait?ms=1500", 2);
    let statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    assert_eq!(statuses, [503, 200]);
    assert_eq!(responses[0].field("retry-after"), Some("1"));
    limited(isolation)
        .stderr()
        .wait_for(&[responses[0].request_id(), "overloaded"]);
});

both!(host_memory_of_one_call, |isolation: Isolation| {
    let host = limited(isolation);
    is_stopped(host, get("/call-bytes?mib=2"), 502, "host-call-limit");
    assert_eq!(
        host.get("/call-chunk?chunks=4&size=500000").body.len(),
        2_000_000
    );
    let response = host.get("/call-chunk?chunks=1&size=2000000");
    assert!(response.status == 502 || !response.is_complete);
    host.stderr().wait_for(&["call-chunk", "host-call-limit"]);
});

both!(host_memory_of_one_call_has_a_default, |host| {
    assert_eq!(host.get("/big?mib=7").body.len(), 7 * 1024 * 1024);
    assert_eq!(host.get("/big?mib=9").status, 502);
});

both!(log_output, |isolation: Isolation| {
    const LINES: usize = 1000;
    let host = Setup::new(isolation)
        .app("log", "[app.limits]\nlog = '10KiB'")
        .start();
    for stream in ["stdout", "stderr"] {
        let response = host.get(&format!("/log?lines={LINES}&size=100&to={stream}"));
        assert_eq!(response.text(), "logged\n");
    }
    let counted = host.stderr().wait_for(&["dropped"]);
    assert!(counted.bytes().any(|b| b.is_ascii_digit()), "{counted}");
    let text = host.stderr().text();
    let passed = text
        .lines()
        .filter(|line| line.contains("xxxxxxxx"))
        .count();
    assert!((1..LINES).contains(&passed), "{passed} lines came through");
});

both!(log_output_has_a_default, |isolation: Isolation| {
    let host = Setup::new(isolation).app("log", "").start();
    assert_eq!(
        host.get("/log?lines=3&size=10&to=stdout").text(),
        "logged\n"
    );
    host.stderr().wait_for(&["line 2 "]);
});

fn serve_hello(limits: &str) -> Host {
    let server = format!("[server.limits]\n{limits}");
    Setup::new(Isolation::Fresh)
        .server(&server)
        .app("hello", "")
        .app("stream", "")
        .start()
}

#[test]
fn keep_alive() {
    let host = serve_hello("keep-alive = '200ms'\nhead-wait = '60s'");
    let mut connection = host.connect();
    connection.send(get("/hello"));
    assert_eq!(connection.response().text(), "hello\n");
    assert!(connection.is_closed());
    assert!(host.connect().is_closed());
}

#[test]
fn head_wait() {
    let host = serve_hello("head-wait = '200ms'\nkeep-alive = '60s'");
    for part in [
        "G",
        "GET /hello HTTP/1.1\r\n",
        "GET /hello HTTP/1.1\r\nhost: test\r\n",
    ] {
        let mut connection = host.connect();
        connection.send(part);
        assert_eq!(connection.response().status, 408, "{part:?}");
        assert!(connection.is_closed());
    }
}

#[test]
fn head_wait_on_a_kept_connection() {
    let host = serve_hello("head-wait = '200ms'\nkeep-alive = '60s'");
    let mut connection = host.connect();
    connection.send(get("/hello"));
    assert_eq!(connection.response().text(), "hello\n");
    assert!(
        connection.is_silent_for(Duration::from_millis(500)),
        "it may idle for longer"
    );
    connection.send("GET /hello");
    assert_eq!(connection.response().status, 408);
}

#[test]
fn request_head() {
    let host = serve_hello("request-head = '16KiB'");
    let with = |size: usize| {
        format!(
            "GET /hello HTTP/1.1\r\nhost: test\r\nx-long: {}\r\n\r\n",
            "x".repeat(size)
        )
    };
    assert_eq!(host.send(with(8 * 1024)).status, 200);
    assert_eq!(host.send(with(20 * 1024)).status, 431);
    assert_eq!(serve_hello("").send(with(63 * 1024)).status, 200);
    assert_eq!(serve_hello("").send(with(80 * 1024)).status, 431);
}

#[test]
fn request_line() {
    let target = format!("/hello?{}", "x".repeat(80 * 1024));
    let status = serve_hello("").get(&target).status;
    assert!(matches!(status, 414 | 431), "{status}");
}

#[test]
fn request_fields() {
    let with = |count: usize| {
        let fields: String = (0..count).map(|i| format!("x-{i}: 1\r\n")).collect();
        format!("GET /hello HTTP/1.1\r\nhost: test\r\n{fields}\r\n")
    };
    let host = serve_hello("request-fields = 20");
    assert_eq!(
        (host.send(with(19)).status, host.send(with(20)).status),
        (200, 431)
    );
    let host = serve_hello("");
    assert_eq!(
        (host.send(with(99)).status, host.send(with(100)).status),
        (200, 431)
    );
}

#[test]
fn write_stall() {
    let host = serve_hello("write-stall = '300ms'\nhead-wait = '60s'\nkeep-alive = '60s'");
    let mut connection = host.connect();
    connection.send(get("/stream?chunks=1000000&size=65536"));
    assert_eq!(connection.head().status, 200);
    // The log has the request when it is over.
    host.stdout().wait_for(&["GET /stream"]);
    while matches!(connection.chunk(), Chunk::Data(_)) {}
    assert!(connection.is_closed());
}

#[test]
fn connections() {
    let host = serve_hello("connections = 2");
    let answer = |connection: &mut Connection| {
        connection.send(get("/hello"));
        assert_eq!(connection.response().text(), "hello\n");
    };
    let (mut first, mut second) = (host.connect(), host.connect());
    answer(&mut first);
    answer(&mut second);
    let mut third = host.connect();
    third.send(get("/hello"));
    assert!(
        third.is_silent_for(Duration::from_millis(200)),
        "it is one too many"
    );
    drop(first);
    assert_eq!(third.response().text(), "hello\n");
    answer(&mut second);
}
