use crate::support::{Isolation, Setup, get};

both!(passes_every_valid_status_on, |host| {
    for code in [
        200, 201, 206, 299, 301, 399, 400, 404, 418, 451, 500, 503, 599,
    ] {
        let response = host.get(&format!("/status?code={code}"));
        assert_eq!((response.status, response.text()), (code, "status\n"));
    }
});

both!(refuses_every_other_status, |host| {
    for code in [0, 99, 100, 101, 103, 199, 600, 999, 1000, 65535] {
        assert_eq!(
            host.get(&format!("/status?code={code}")).status,
            502,
            "{code}"
        );
    }
});

both!(drops_the_content_of_a_status_that_has_none, |host| {
    for code in [204, 205, 304] {
        let mut connection = host.connect();
        connection.send(get(&format!("/status?code={code}")));
        let response = connection.response();
        assert_eq!((response.status, response.text()), (code, ""));
        assert!(
            code != 204 || response.field("content-length").is_none(),
            "{response:?}"
        );
        connection.send(get("/hello"));
        assert_eq!(connection.response().text(), "hello\n");
    }
    assert_eq!(host.get("/bad-head?case=no-content-with-body").status, 204);
});

both!(keeps_repeated_fields_and_bytes, |host| {
    let response = host.get("/cookies");
    assert_eq!(response.all("set-cookie").len(), 2, "{response:?}");
    assert_eq!(response.all("x-bytes"), [b"\xff\xfe"]);
});

both!(frames_bytes_by_their_length, |host| {
    let response = host.get("/hello");
    assert_eq!(response.field("content-length"), Some("6"));
    assert_eq!(response.field("transfer-encoding"), None);
    assert_eq!(
        response.field("content-type"),
        Some("text/plain; charset=utf-8")
    );
});

both!(frames_chunks_without_a_length_as_chunked, |host| {
    let response = host.get("/stream");
    assert_eq!(response.field("content-length"), None);
    assert_eq!(response.field("transfer-encoding"), Some("chunked"));
    assert_eq!(
        (response.body.len(), response.is_complete),
        (10 * 1024, true)
    );
});

both!(ends_a_stream_of_no_chunks, |host| {
    let response = host.get("/stream?chunks=0");
    assert_eq!(
        (response.status, response.text(), response.is_complete),
        (200, "", true)
    );
});

both!(an_empty_chunk_does_not_end_a_stream, |host| {
    let mut connection = host.connect();
    connection.send(get("/stream?chunks=3&size=0"));
    let response = connection.response();
    assert_eq!(
        (response.status, response.text(), response.is_complete),
        (200, "", true)
    );
    connection.send(get("/hello"));
    assert_eq!(connection.response().text(), "hello\n");
});

both!(drops_fields_that_concern_one_connection, |host| {
    let mut connection = host.connect();
    connection.send(get("/bad-head?case=hop-by-hop"));
    let response = connection.response();
    assert_eq!(
        (response.status, response.field("x-kept")),
        (200, Some("yes"))
    );
    for name in [
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "upgrade",
    ] {
        assert_eq!(response.field(name), None);
    }
    connection.send(get("/hello"));
    assert_eq!(connection.response().text(), "hello\n");
});

both!(refuses_bad_heads, |host| {
    for case in [
        "status-99",
        "status-1000",
        "newline",
        "name",
        "two-lengths",
        "bytes-length",
    ] {
        let response = host.get(&format!("/bad-head?case={case}"));
        assert_eq!(
            (response.status, response.reason.as_str()),
            (502, "Bad Gateway"),
            "{case}"
        );
        let names = response.fields.iter().map(|(name, _)| name.as_str());
        let own = ["content-length", "content-type", "date"];
        let others: Vec<_> = names.filter(|name| !own.contains(name)).collect();
        assert!(others.is_empty(), "{case}: {others:?} are the guest's");
    }
});

both!(does_not_mind_a_length_after_head, |host| {
    let mut connection = host.connect();
    connection.send("HEAD /bad-head?case=bytes-length HTTP/1.1\r\nhost: test\r\n\r\n");
    assert_eq!(connection.head().status, 200);
});

both!(sends_a_declared_length, |host| {
    let mut connection = host.connect();
    for length in [0, 1, 10, 100_000] {
        connection.send(get(&format!("/length?declare={length}&send={length}")));
        let response = connection.response();
        assert_eq!(
            response.field("content-length"),
            Some(length.to_string().as_str())
        );
        assert_eq!(response.field("transfer-encoding"), None);
        assert_eq!((response.body.len(), response.is_complete), (length, true));
    }
    connection.send("HEAD /length?declare=10&send=10 HTTP/1.1\r\nhost: test\r\n\r\n");
    assert_eq!(connection.head().field("content-length"), Some("10"));
});

both!(
    never_sends_more_than_the_declared_length,
    |isolation: Isolation| {
        let host = Setup::new(isolation).app("length", "").start();
        for (declare, send) in [(10, 11), (10, 20), (10, 10_000)] {
            let mut connection = host.connect();
            connection.send(get(&format!("/length?declare={declare}&send={send}")));
            let response = connection.response();
            assert!(response.body.len() <= declare, "{response:?}");
            assert!(connection.is_closed());
            host.stderr().wait_for(&["bad-response", "length"]);
        }
    }
);

both!(
    a_declared_length_of_zero_needs_no_chunk,
    |isolation: Isolation| {
        let host = Setup::new(isolation).app("length", "").start();
        for send in [0, 5] {
            let response = host.get(&format!("/length?declare=0&send={send}"));
            assert_eq!((response.text(), response.is_complete), ("", true));
        }
        host.stdout().wait_for(&["send=5"]);
        // Whatever the guest did, the client has all that was announced.
        assert!(
            !host.stderr().text().contains("client-gone"),
            "{}",
            host.stderr().text()
        );
    }
);

both!(
    breaks_off_when_less_than_the_declared_length_comes,
    |isolation: Isolation| {
        let host = Setup::new(isolation).app("length", "").start();
        for (declare, send) in [(10, 9), (10_000, 20), (10, 0)] {
            let mut connection = host.connect();
            connection.send(get(&format!("/length?declare={declare}&send={send}")));
            let response = connection.try_response();
            assert!(response.is_none_or(|response| !response.is_complete));
            assert!(connection.is_closed());
            host.stderr().wait_for(&["bad-response", "length"]);
        }
    }
);

both!(passes_a_large_head_on, |host| {
    let response = host.get("/head?fields=50&size=1000");
    assert_eq!(response.status, 200);
    let extra = response
        .fields
        .iter()
        .filter(|(name, _)| name.starts_with("x-"));
    assert_eq!(
        extra.map(|(_, value)| value.len()).collect::<Vec<_>>(),
        [1000; 50]
    );
});

both!(refuses_a_huge_head, |host| {
    for query in [
        "fields=101&size=1",
        "fields=10&size=10000",
        "fields=1&size=70000",
    ] {
        assert_eq!(host.get(&format!("/head?{query}")).status, 502, "{query}");
    }
});

both!(a_connection_outlives_a_bad_response, |host| {
    let mut connection = host.connect();
    for target in ["/bad-head?case=newline", "/trap", "/fail", "/no-such-app"] {
        connection.send(get(target));
        assert!(connection.response().status >= 400);
        connection.send(get("/hello"));
        assert_eq!(connection.response().text(), "hello\n");
    }
});
