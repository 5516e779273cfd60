use super::upstream::Upstream;
use super::{CHUNKED, begin, breaks_off, fails, fails_with, fetch, granted, tells};
use crate::support::{Chunk, get, post};

sends!(connect_time_is_limited, |case| {
    let upstream = Upstream::start();
    let _waiting = upstream.fill();
    let host = granted(case, &upstream, "connect = '200ms'");
    let target = fetch(case, &upstream.url(), "");
    fails(&host, get(&target), "ConnectionTimeout");
});

sends!(response_time_is_limited, |case| {
    let upstream = Upstream::start();
    let host = granted(case, &upstream, "response = '200ms'");
    let mut connection = begin(&host, &fetch(case, &upstream.url(), ""));
    let mut accepted = upstream.accept();
    accepted.head();
    fails_with(&mut connection, "HttpResponseTimeout");
    assert!(accepted.is_closed());
});

sends!(a_guest_may_wait_for_less, |case| {
    let upstream = Upstream::start();
    let host = granted(case, &upstream, "");
    let mut connection = begin(&host, &fetch(case, &upstream.url(), "&timeout-ms=500"));
    let mut accepted = upstream.accept();
    accepted.head();
    fails_with(&mut connection, "HttpResponseTimeout");
    assert!(accepted.is_closed());
});

sends!(idle_time_of_a_response_is_limited, |case| {
    let upstream = Upstream::start();
    let host = granted(case, &upstream, "idle = '200ms'");
    let mut connection = begin(&host, &fetch(case, &upstream.url(), ""));
    let mut accepted = upstream.accept();
    accepted.head();
    accepted.send(format!("{CHUNKED}5\r\nhello\r\n"));
    breaks_off(&host, &mut connection, "hello", "ConnectionReadTimeout");
    assert!(accepted.is_closed());
});

sends!(idle_time_of_a_request_is_limited, |case| {
    let upstream = Upstream::start();
    let host = granted(case, &upstream, "idle = '500ms'");
    let target = fetch(case, &upstream.url(), "&method=POST");
    let mut connection = host.connect();
    connection.send(format!(
        "POST {target} HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nhello"
    ));
    let mut accepted = upstream.accept();
    accepted.head();
    assert_eq!(accepted.chunk(), "hello");
    assert!(accepted.is_closed());
    connection.send("world");
    fails_with(&mut connection, "ConnectionTerminated");
});

sends!(a_requests_body_is_limited, |case| {
    let upstream = Upstream::start();
    let host = granted(case, &upstream, "request-body = '1KiB'");
    let target = fetch(case, &upstream.url(), "&method=POST");
    let body = "x".repeat(1025);
    fails(&host, post(&target, &body), "HttpRequestBodySize");
    // What was sent by then, if anything was, is no request.
    let sent = upstream.accept().until_closed();
    assert!(!sent.ends_with("0\r\n\r\n"), "{sent}");

    let mut connection = host.connect();
    connection.send(post(&target, &body[1..]));
    let mut accepted = upstream.accept();
    accepted.head();
    let mut length = 0;
    while length < 1024 {
        length += accepted.chunk().len();
    }
    assert_eq!(accepted.chunk(), "");
    accepted.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    assert_eq!(connection.response().text(), "ok");
});

sends!(a_responses_body_is_limited, |case| {
    let upstream = Upstream::start();
    let host = granted(case, &upstream, "response-body = '8B'");
    let target = fetch(case, &upstream.url(), "");
    let mut connection = begin(&host, &target);
    upstream.accept().answer("123456789");
    fails_with(&mut connection, "HttpResponseBodySize");

    let mut connection = begin(&host, &target);
    let mut accepted = upstream.accept();
    accepted.head();
    accepted.send(format!("{CHUNKED}8\r\n12345678\r\n"));
    assert_eq!(connection.head().status, 200);
    assert_eq!(connection.data(), b"12345678");
    accepted.send("1\r\n9\r\n");
    assert_eq!(connection.chunk(), Chunk::Broken);
    tells(&host, "HttpResponseBodySize");
    assert!(accepted.is_closed());
});

sends!(concurrency_is_limited, |case| {
    let upstream = Upstream::start();
    let host = granted(case, &upstream, "concurrency = 1");
    let target = fetch(case, &upstream.url(), "");
    let mut first = begin(&host, &target);
    let mut accepted = upstream.accept();
    accepted.head();
    fails(&host, get(&target), "ConnectionLimitReached");
    accepted.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    assert_eq!(first.response().text(), "ok");
    let mut second = begin(&host, &target);
    accepted.answer("again");
    assert_eq!(second.response().text(), "again");
    assert!(upstream.is_unvisited());
});
