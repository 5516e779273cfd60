use crate::support::{Connection, Host, Isolation, Setup, get, host, post};

/// Send bytes that no server may accept: it answers with an error, or nothing, and closes.
fn is_refused(host: &Host, bytes: impl AsRef<[u8]>) -> Option<u16> {
    let mut connection = host.connect();
    connection.send(bytes);
    let response = connection.try_response();
    let shown = String::from_utf8_lossy(&response.as_ref()?.body).into_owned();
    assert!(
        connection.is_closed(),
        "the connection is still open after {response:?}: {shown}"
    );
    response.map(|response| response.status)
}

fn is_still_well(host: &Host) {
    assert_eq!(host.get("/hello").text(), "hello\n");
}

both!(keeps_a_connection_alive, |host| {
    let mut connection = host.connect();
    for _ in 0..5 {
        connection.send(get("/hello"));
        let response = connection.response();
        assert_eq!((response.status, response.text()), (200, "hello\n"));
        assert!(response.field("date").is_some(), "{response:?}");
    }
});

both!(closes_when_the_client_asks, |host| {
    let mut connection = host.connect();
    connection.send("GET /hello HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    let response = connection.response();
    assert_eq!(response.field("connection"), Some("close"));
    assert_eq!(response.text(), "hello\n");
    assert!(connection.is_closed());
});

both!(answers_pipelined_requests_in_order, |host| {
    const COUNT: usize = 50;
    let mut connection = host.connect();
    let requests: String = (0..COUNT)
        .map(|n| get(&format!("/environ?n={n}")))
        .collect();
    connection.send(requests);
    for n in 0..COUNT {
        let response = connection.response();
        let line = format!("query-string=some(n={n})\n");
        assert!(
            response.text().contains(&line),
            "{line} not in {}",
            response.text()
        );
    }
});

both!(tells_pipelined_bodies_apart, |host| {
    let mut connection = host.connect();
    let chunked = "POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n\
                   3\r\ntwo\r\n0\r\n\r\n";
    let requests = [
        &post("/echo", "one"),
        chunked,
        &get("/hello"),
        &post("/echo", ""),
    ];
    connection.send(requests.concat());
    for body in ["one", "two", "hello\n", ""] {
        assert_eq!(connection.response().text(), body);
    }
});

both!(a_body_left_unread_never_becomes_a_request, |host| {
    let mut connection = host.connect();
    connection.send(post("/ignore-input", &get("/trap")) + &get("/hello"));
    assert_eq!(connection.response().text(), "ignored\n");
    if let Some(second) = connection.try_response() {
        assert_eq!(second.text(), "hello\n");
    }
});

both!(says_continue_when_the_guest_reads, |host| {
    let mut connection = host.connect();
    connection.send(
        "POST /collect HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\n\
         content-length: 5\r\n\r\n",
    );
    assert_eq!(connection.head().status, 100);
    connection.send("hello");
    let response = connection.response();
    assert_eq!((response.status, response.text()), (200, "5"));
});

both!(does_not_say_continue_when_the_guest_does_not_read, |host| {
    let mut connection = host.connect();
    connection.send(
        "POST /ignore-input HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\n\
         content-length: 5\r\n\r\n",
    );
    let response = connection.response();
    assert_eq!((response.status, response.text()), (200, "ignored\n"));
});

both!(does_not_say_continue_to_a_body_that_is_too_large, |host| {
    let response = host.send(
        "POST /collect HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\n\
         content-length: 100000000\r\n\r\n",
    );
    assert_eq!(response.status, 413);
});

both!(answers_head_without_a_body, |host| {
    let mut connection = host.connect();
    connection.send("HEAD /hello HTTP/1.1\r\nhost: test\r\n\r\n");
    let response = connection.head();
    assert_eq!(
        (response.status, response.field("content-length")),
        (200, Some("6"))
    );
    connection.send("HEAD /stream?chunks=100000000 HTTP/1.1\r\nhost: test\r\n\r\n");
    let response = connection.head();
    assert_eq!(
        (response.status, response.field("content-length")),
        (200, None)
    );
    connection.send("HEAD /trap HTTP/1.1\r\nhost: test\r\n\r\n");
    assert_eq!(connection.head().status, 502);
    connection.send(get("/hello"));
    assert_eq!(connection.response().text(), "hello\n");
});

both!(reads_a_chunked_body, |host| {
    let response = host.send(
        "POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: Chunked\r\n\r\n\
         1\r\na\r\n00A;name=value;other=\"x\"\r\nbcdefghijk\r\n0\r\nx-trailer: yes\r\n\r\n",
    );
    assert_eq!((response.status, response.text()), (200, "abcdefghijk"));
});

both!(writes_a_chunked_body, |host| {
    let response = host.get("/stream?chunks=3&size=4");
    assert_eq!(response.field("transfer-encoding"), Some("chunked"));
    assert_eq!(
        (response.text(), response.is_complete),
        ("xxxxxxxxxxxx", true)
    );
});

both!(http_1_0_ends_a_body_with_the_connection, |host| {
    let mut connection = host.connect();
    connection.send("GET /stream?chunks=3&size=4 HTTP/1.0\r\n\r\n");
    let response = connection.response();
    assert_eq!(response.field("transfer-encoding"), None);
    assert_eq!(response.text(), "xxxxxxxxxxxx");
});

both!(http_1_0_closes_unless_asked_to_keep_alive, |host| {
    let mut connection = host.connect();
    connection.send("GET /hello HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
    let response = connection.response();
    assert_eq!(response.field("connection"), Some("keep-alive"));
    assert_eq!(response.field("content-length"), Some("6"));
    connection.send("GET /hello HTTP/1.0\r\n\r\n");
    assert_eq!(connection.response().text(), "hello\n");
    assert!(connection.is_closed());
});

both!(takes_the_authority_of_an_absolute_target, |host| {
    let response =
        host.send("GET http://other.example:81/environ/x?y HTTP/1.1\r\nhost: test\r\n\r\n");
    let text = response.text();
    for line in [
        "server-name=other.example",
        "server-port=81",
        "path-info=/x",
    ] {
        assert!(
            text.lines().any(|other| other == line),
            "{line} not in {text}"
        );
    }
});

both!(asks_for_exactly_one_valid_host, |host| {
    for fields in [
        "",
        "host: test\r\nhost: test\r\n",
        "host: a b\r\n",
        "host: a/b\r\n",
    ] {
        let response = host.send(format!("GET /hello HTTP/1.1\r\n{fields}\r\n"));
        assert_eq!(response.status, 400, "{fields:?}");
    }
});

both!(
    gives_options_for_the_whole_server_to_the_app_at_the_root,
    |isolation: Isolation| {
        const REQUEST: &str = "OPTIONS * HTTP/1.1\r\nhost: test\r\n\r\n";
        let host = Setup::new(isolation).mount("/", "environ", "").start();
        let response = host.send(REQUEST);
        assert!(
            response.text().contains("\npath-info=*\n"),
            "{}",
            response.text()
        );
        assert_eq!(host::shared(isolation).send(REQUEST).status, 404);
    }
);

both!(does_not_connect_to_others, |host| {
    let response = host.send("CONNECT test:443 HTTP/1.1\r\nhost: test:443\r\n\r\n");
    assert_eq!(response.status, 400);
});

both!(does_not_upgrade, |host| {
    let response = host.send(
        "GET /hello HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    );
    assert_eq!((response.status, response.text()), (200, "hello\n"));
});

both!(refuses_bad_request_lines, |host| {
    let lines = [
        "GET",
        "GET /hello",
        "GET /hello HTTP/1.1 more",
        "GET  HTTP/1.1",
        "GET /hello HTTP/1.x",
        "GET /hello HTTP/2.0",
        "GET /hello http/1.1",
        "G\"T /hello HTTP/1.1",
        "GET /hel\x01lo HTTP/1.1",
        " GET /hello HTTP/1.1",
        "PRI * HTTP/2.0",
    ];
    for line in lines {
        let status = is_refused(host, format!("{line}\r\nhost: test\r\n\r\n"));
        assert!(
            matches!(status, Some(400 | 505) | None),
            "{line:?}: {status:?}"
        );
    }
    is_still_well(host);
});

both!(refuses_targets_of_other_forms, |isolation: Isolation| {
    let host = Setup::new(isolation).mount("/", "environ", "").start();
    for target in ["hello", "test:80", "*", "?x"] {
        assert_eq!(host.get(target).status, 400, "{target:?}");
    }
});

both!(refuses_bad_fields, |host| {
    let fields = [
        "x-folded: one\r\n two",
        " x-first: folded",
        "x-space : before the colon",
        "x space: in the name",
        "x-nul: a\0b",
        "x-cr: a\rb",
        "x-n\0l: a",
        ": no name",
        "no colon",
    ];
    for field in fields {
        let status = is_refused(
            host,
            format!("GET /hello HTTP/1.1\r\n{field}\r\nhost: test\r\n\r\n"),
        );
        assert_eq!(status, Some(400), "{field:?}");
    }
    is_still_well(host);
});

both!(refuses_framing_that_others_may_read_differently, |host| {
    let fields = [
        "content-length: 5\r\ncontent-length: 6",
        "content-length: 5, 6",
        "content-length: +5",
        "content-length: -5",
        "content-length: 0x5",
        "content-length: 5 5",
        "content-length: ",
        "content-length: 99999999999999999999999",
        "transfer-encoding: identity",
        "transfer-encoding: gzip",
        "transfer-encoding: xchunked",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
    ];
    for field in fields {
        let request = format!("POST /collect HTTP/1.1\r\nhost: test\r\n{field}\r\n\r\n");
        let status = is_refused(host, request + "hello" + &get("/hello"));
        assert!(matches!(status, Some(400 | 501)), "{field:?}: {status:?}");
    }
    let old = "POST /collect HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(is_refused(host, old), Some(400));
    is_still_well(host);
});

// RFC 9112, section 6.1: refuse it, or go by transfer-encoding; close the connection either way.
both!(closes_after_a_request_with_a_length_and_chunks, |host| {
    let fields = [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
    ];
    for field in fields {
        let request = format!("POST /collect HTTP/1.1\r\nhost: test\r\n{field}\r\n\r\n0\r\n\r\n");
        let status = is_refused(host, request + &get("/hello"));
        assert!(matches!(status, Some(200 | 400)), "{field:?}: {status:?}");
    }
});

both!(does_not_go_on_after_a_bad_chunk, |host| {
    let bodies = [
        "xyz\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        "5 5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello, longer\r\n0\r\n\r\n",
        "5\nhello\n0\n\n",
        "ffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    ];
    for body in bodies {
        let head = "POST /collect HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n";
        let status = is_refused(host, [head, body, &get("/hello")].concat());
        assert!(matches!(status, None | Some(400..)), "{body:?}: {status:?}");
    }
    is_still_well(host);
});

// RFC 9112, section 2.2: a lone LF may be read as the end of a line, never as part of one.
both!(reads_a_lone_lf_as_the_end_of_a_line_or_not_at_all, |host| {
    let response = host.send("GET /environ HTTP/1.1\nhost: test\nx-a: 1\n\n");
    match response.status {
        200 => assert!(
            response.text().contains("\nheader x-a=1\n"),
            "{}",
            response.text()
        ),
        status => assert_eq!(status, 400),
    }
});

both!(reads_a_head_that_comes_byte_by_byte, |host| {
    let mut connection = host.connect();
    for byte in post("/echo", "slow").bytes() {
        connection.send([byte]);
    }
    assert_eq!(connection.response().text(), "slow");
});

both!(skips_an_empty_line_before_a_request, |host| {
    let mut connection = host.connect();
    for _ in 0..2 {
        connection.send(format!("\r\n{}", get("/hello")));
        assert_eq!(connection.response().text(), "hello\n");
    }
});

both!(
    a_request_that_breaks_off_is_not_answered_as_a_whole_one,
    |host| {
        let chunked = "POST /collect HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n";
        let requests = [
            "GET /hello HTTP/1.1\r\nhost: te".to_owned(),
            "POST /collect HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nhello".to_owned(),
            format!("{chunked}5\r\nhello\r\n"),
            format!("{chunked}5\r\nhel"),
            format!("{chunked}0\r\n"),
        ];
        for request in requests {
            let mut connection: Connection = host.connect();
            connection.send(&request);
            connection.finish_sending();
            let response = connection.try_response();
            assert!(
                response.as_ref().is_none_or(|r| r.status >= 400),
                "{request:?}: {response:?}"
            );
        }
        is_still_well(host);
    }
);
