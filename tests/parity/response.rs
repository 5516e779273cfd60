use crate::support::get;

parity!(hello, |case| {
    let response = case.get("/hello");
    assert_eq!((response.status, response.text()), (200, "hello\n"));
    assert_eq!(
        response.field("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert!(response.is_complete);
});

parity!(a_connection_is_kept, |case| {
    let mut connection = case.host().connect();
    for _ in 0..3 {
        connection.send(get(&case.target("/hello")));
        assert_eq!(connection.response().text(), "hello\n");
    }
});

parity!(head_is_answered_without_a_body, |case| {
    let mut connection = case.host().connect();
    for behaviour in ["/hello", "/stream?chunks=3", "/length?declare=10&send=10"] {
        let target = case.target(behaviour);
        connection.send(format!("HEAD {target} HTTP/1.1\r\nhost: test\r\n\r\n"));
        let head = connection.head();
        assert_eq!(head.status, 200);
        if behaviour.starts_with("/length") {
            assert_eq!(head.field("content-length"), Some("10"));
        }
        connection.send(get(&case.target("/hello")));
        assert_eq!(connection.response().text(), "hello\n");
    }
});

parity!(passes_every_valid_status_on, |case| {
    for code in [
        200, 201, 206, 299, 301, 399, 400, 404, 418, 451, 500, 503, 599,
    ] {
        let response = case.get(&format!("/status?code={code}"));
        assert_eq!((response.status, response.text()), (code, "status\n"));
    }
});

parity!(refuses_every_other_status, |case| {
    for code in [0, 99, 100, 101, 103, 199, 600, 999, 1000, 65535] {
        let response = case.get(&format!("/status?code={code}"));
        assert_eq!(response.status, 502, "{code}");
    }
});

parity!(drops_the_content_of_a_status_that_has_none, |case| {
    for code in [204, 205, 304] {
        let mut connection = case.host().connect();
        connection.send(get(&case.target(&format!("/status?code={code}"))));
        let response = connection.response();
        assert_eq!((response.status, response.text()), (code, ""));
        assert!(
            code != 204 || response.field("content-length").is_none(),
            "{response:?}"
        );
        connection.send(get(&case.target("/hello")));
        assert_eq!(connection.response().text(), "hello\n");
    }
    assert_eq!(case.get("/bad-head?case=no-content-with-body").status, 204);
});

parity!(keeps_repeated_fields_and_bytes, |case| {
    let response = case.get("/cookies");
    assert_eq!(response.all("set-cookie"), [b"a=1", b"b=2"]);
    assert_eq!(response.all("x-bytes"), [b"\xff\xfe"]);
});

parity!(
    drops_fields_that_concern_one_connection,
    [native, cgi, cgi1] because "wasi:http forbids a guest these fields itself",
    |case| {
        let mut connection = case.host().connect();
        connection.send(get(&case.target("/bad-head?case=hop-by-hop")));
        let response = connection.response();
        assert_eq!((response.status, response.text()), (200, "head\n"));
        assert_eq!(response.field("x-kept"), Some("yes"));
        for name in ["connection", "keep-alive", "proxy-connection", "te", "upgrade"] {
            assert_eq!(response.field(name), None);
        }
        connection.send(get(&case.target("/hello")));
        assert_eq!(connection.response().text(), "hello\n");
    }
);

parity!(
    forbids_fields_that_concern_one_connection,
    [http02, http03] because "the other contracts have no call that could refuse them",
    |case| {
        assert_eq!(case.get("/bad-head?case=hop-by-hop").status, 502);
    }
);

parity!(refuses_bad_heads, |case| {
    for kind in ["status-99", "status-1000", "newline", "name", "two-lengths"] {
        if case.is_cgi() && kind == "newline" {
            // There the end of a line is the end of a field: the guest has sent two.
            continue;
        }
        let response = case.get(&format!("/bad-head?case={kind}"));
        assert_eq!(
            (response.status, response.reason.as_str()),
            (502, "Bad Gateway"),
            "{kind}"
        );
        let names = response.fields.iter().map(|(name, _)| name.as_str());
        let own = ["content-length", "content-type", "date"];
        let others: Vec<_> = names.filter(|name| !own.contains(name)).collect();
        assert!(others.is_empty(), "{kind}: {others:?} are the guest's");
    }
});

parity!(passes_a_large_head_on, |case| {
    let response = case.get("/head?fields=50&size=1000");
    assert_eq!((response.status, response.text()), (200, "head\n"));
    let extra = response
        .fields
        .iter()
        .filter(|(name, _)| name.starts_with("x-"));
    let sizes: Vec<_> = extra.map(|(_, value)| value.len()).collect();
    assert_eq!(sizes, [1000; 50]);
});

parity!(refuses_a_huge_head, |case| {
    for query in [
        "fields=101&size=1",
        "fields=10&size=10000",
        "fields=1&size=70000",
    ] {
        assert_eq!(case.get(&format!("/head?{query}")).status, 502, "{query}");
    }
});

parity!(a_connection_outlives_a_bad_response, |case| {
    let mut connection = case.host().connect();
    for target in ["/bad-head?case=name", "/trap", "/fail"] {
        connection.send(get(&case.target(target)));
        assert_eq!(connection.response().status, 502, "{target}");
        connection.send(get(&case.target("/hello")));
        assert_eq!(connection.response().text(), "hello\n");
    }
});

parity!(sends_a_declared_length, |case| {
    let mut connection = case.host().connect();
    for length in [0, 1, 10, 100_000] {
        connection.send(get(
            &case.target(&format!("/length?declare={length}&send={length}"))
        ));
        let response = connection.response();
        assert_eq!(
            response.field("content-length"),
            Some(length.to_string().as_str())
        );
        assert_eq!(response.field("transfer-encoding"), None);
        assert_eq!((response.body.len(), response.is_complete), (length, true));
    }
});

parity!(never_sends_more_than_the_declared_length, |case| {
    let host = case.alone("length", "");
    for (declare, send) in [(10, 11), (10, 20), (10, 10_000)] {
        let mut connection = host.connect();
        connection.send(get(
            &case.target(&format!("/length?declare={declare}&send={send}"))
        ));
        // The surplus may come so early that the host can refuse the whole.
        if let Some(response) = connection
            .try_response()
            .filter(|response| response.status != 502)
        {
            assert!(response.body.len() <= declare, "{response:?}");
            assert!(connection.is_closed());
        }
        let target = format!("send={send} ");
        host.stdout().wait_for(&[&target]);
    }
    host.stderr().wait_for(&["bad-response"]);
});

parity!(
    breaks_off_when_less_than_the_declared_length_comes,
    |case| {
        let host = case.alone("length", "");
        for (declare, send) in [(10, 9), (10_000, 20)] {
            let mut connection = host.connect();
            connection.send(get(
                &case.target(&format!("/length?declare={declare}&send={send}"))
            ));
            match connection.try_response() {
                // The end may come so early that the host can refuse the whole.
                Some(response) if response.status == 502 => continue,
                response => assert!(response.is_none_or(|response| !response.is_complete)),
            }
            assert!(connection.is_closed());
        }
        host.stderr().wait_for(&["bad-response"]);
    }
);
