use crate::support::{Host, guests, host, post};

/// The lines of the fixture `env`, as `NAME=VALUE`.
fn variables(host: &Host, request: &str) -> Vec<String> {
    let response = host.send(request);
    assert_eq!(response.status, 200, "{response:?}");
    response.text().lines().map(str::to_owned).collect()
}

/// A row that only programs have, in both of their forms.
macro_rules! cgi {
    ($name:ident, |$case:ident| $body:block) => {
        parity!($name, [cgi, cgi1] because "only CGI has it", |$case| $body);
    };
}

cgi!(describes_a_request_by_variables, |case| {
    let target = case.target("/env/a%20b/%C3%A9");
    let request = format!(
        "POST {target}?x=%20&y HTTP/1.1\r\nhost: test.example:81\r\ncontent-type: text/x-test\r\n\
         content-length: 5\r\nx-more: 1\r\nproxy: http://evil.example\r\nx-list: a\r\nx-list: b\r\n\
         \r\nhello"
    );
    let lines = variables(case.host(), &request);
    let script_name = format!("SCRIPT_NAME=/{}", case.guest("env"));
    let request_uri = format!("REQUEST_URI={target}?x=%20&y");
    let expected = [
        "CONTENT_LENGTH=5",
        "CONTENT_TYPE=text/x-test",
        "GATEWAY_INTERFACE=CGI/1.1",
        "HTTP_HOST=test.example:81",
        "HTTP_X_LIST=a, b",
        "HTTP_X_MORE=1",
        "PATH_INFO=/a b/\u{e9}",
        "QUERY_STRING=x=%20&y",
        "REMOTE_ADDR=127.0.0.1",
        "REQUEST_METHOD=POST",
        &request_uri,
        &script_name,
        "SERVER_NAME=test.example",
        "SERVER_PORT=81",
        "SERVER_PROTOCOL=HTTP/1.1",
    ];
    for line in expected {
        assert!(
            lines.iter().any(|other| other == line),
            "no {line} in {lines:#?}"
        );
    }
    let has = |start: &str| lines.iter().any(|line| line.starts_with(start));
    assert!(has("SERVER_SOFTWARE=wasgi"), "{lines:#?}");
    for start in [
        "HTTP_PROXY=",
        "HTTP_CONTENT_LENGTH=",
        "HTTP_CONTENT_TYPE=",
        "HTTPS=",
    ] {
        assert!(!has(start), "{start} in {lines:#?}");
    }
});

cgi!(
    a_variable_without_a_value_is_set_where_the_rfc_says_so,
    |case| {
        let target = case.target("/env");
        let request = format!("GET {target} HTTP/1.1\r\nhost: test\r\n\r\n");
        let lines = variables(case.host(), &request);
        assert!(lines.contains(&"QUERY_STRING=".to_owned()), "{lines:#?}");
        let has = |start: &str| lines.iter().any(|line| line.starts_with(start));
        assert!(
            !has("CONTENT_LENGTH=") && !has("CONTENT_TYPE="),
            "{lines:#?}"
        );
    }
);

cgi!(a_query_without_an_equals_sign_is_the_arguments, |case| {
    for (query, expected) in [
        ("", ""),
        ("?", ""),
        ("?one", "one\n"),
        ("?one+two%20words+%3D", "one\ntwo words\n=\n"),
        ("?a=b", ""),
        ("?a+b=c", ""),
    ] {
        assert_eq!(
            case.get(&format!("/args{query}")).text(),
            expected,
            "{query}"
        );
    }
});

cgi!(a_query_is_no_argument_of_other_methods, |case| {
    let request = post(&case.target("/args?one+two"), "");
    assert_eq!(case.host().send(request).text(), "");
});

cgi!(redirects_locally, |case| {
    let to = case.target("/environ/inner?a=b");
    let target = case.target("/redirect?to=") + &to;
    let response = case.host().get(&target);
    assert_eq!((response.status, response.field("location")), (200, None));
    let lines: Vec<_> = response.text().lines().collect();
    let path = format!("path={}", case.target("/environ/inner"));
    for line in ["request-method=GET", &path, "query-string=some(a=b)"] {
        assert!(lines.contains(&line), "no {line} in {lines:#?}");
    }
});

cgi!(a_local_redirect_has_no_body, |case| {
    let to = case.target("/collect");
    let target = case.target("/redirect?to=") + &to;
    assert_eq!(case.host().send(post(&target, "unread")).text(), "0");
});

cgi!(local_redirects_end, |case| {
    let redirect = case.target("/redirect?to=");
    let target = redirect.repeat(50) + &case.target("/hello");
    let response = case.host().get(&target);
    assert_eq!(response.status, 502, "{response:?}");
    let log = case.host().stderr();
    log.wait_for(&[response.request_id(), "redirect"]);
});

cgi!(redirects_the_client, |case| {
    let response = case.get("/redirect?to=https://other.example/x?y=z");
    assert_eq!((response.status, response.text()), (302, ""));
    assert_eq!(
        response.field("location"),
        Some("https://other.example/x?y=z")
    );
});

cgi!(redirects_the_client_with_a_document, |case| {
    let response = case.get("/redirect?status=301&to=https://other.example/x");
    assert_eq!((response.status, response.text()), (301, "it is there\n"));
    assert_eq!(response.field("location"), Some("https://other.example/x"));
});

cgi!(takes_a_status_with_or_without_a_reason, |case| {
    for (status, expected) in [("404+Not+Here", 404), ("200", 200), ("299+", 299)] {
        let response = case.get(&format!("/status-line?status={status}"));
        assert_eq!((response.status, response.text()), (expected, "status\n"));
        assert_eq!(response.field("status"), None);
    }
});

cgi!(refuses_other_statuses, |case| {
    for status in ["abc", "99", "1000", "100+Continue", "200OK", "-200"] {
        let response = case.get(&format!("/status-line?status={status}"));
        assert_eq!(response.status, 502, "{status}");
        let log = case.host().stderr();
        log.wait_for(&[response.request_id(), "bad-response"]);
    }
});

cgi!(takes_any_line_ends_in_a_head, |case| {
    for ends in ["lf", "crlf", "mixed"] {
        let response = case.get(&format!("/line-ends?ends={ends}"));
        assert_eq!(
            (response.status, response.text()),
            (200, "\n\r\nbody\n"),
            "{ends}"
        );
        assert_eq!(response.field("content-type"), Some("text/plain"));
        assert_eq!(response.field("x-second"), Some("yes"));
    }
});

cgi!(refuses_what_is_no_head, |case| {
    for kind in ["nothing", "text", "partial", "endless"] {
        let response = case.get(&format!("/no-head?case={kind}"));
        assert_eq!(response.status, 502, "{kind}");
        let log = case.host().stderr();
        log.wait_for(&[response.request_id(), "bad-response"]);
    }
});

cgi!(passes_a_whole_response_on_if_that_is_asked_for, |case| {
    let host = case.alone("nph", "[app.cgi]\nnph = true");
    let response = host.get(&case.target("/nph"));
    assert_eq!((response.status, response.text()), (201, "raw\n"));
    assert_eq!(response.field("x-nph"), Some("yes"));
    // Otherwise its first line is no field.
    assert_eq!(case.get("/nph").status, 502);
});

cgi!(an_exit_code_is_logged, |case| {
    let host = case.alone("exit-code", "");
    let response = host.get(&case.target("/exit-code?code=3"));
    assert_eq!((response.status, response.text()), (200, "answered\n"));
    // A component can say only that it has failed.
    let status = if case.is_core_module() {
        "exited with status 3"
    } else {
        "exited with status 1"
    };
    host.stderr().wait_for(&[&case.guest("exit-code"), status]);
    let before = host.get(&case.target("/exit-code?code=3&when=before"));
    assert_eq!(before.status, 502);
    host.stderr()
        .wait_for(&[before.request_id(), "guest-failed", status]);
});

cgi!(exit_code_zero_is_success, |case| {
    let host = case.alone("exit-code", "");
    let response = host.get(&case.target("/exit-code?code=0"));
    assert_eq!(
        (response.text(), response.is_complete),
        ("answered\n", true)
    );
    host.stdout().wait_for(&["code=0"]);
    assert!(
        !host.stderr().text().contains(" ERROR "),
        "{}",
        host.stderr().text()
    );
    let before = host.get(&case.target("/exit-code?code=0&when=before"));
    assert_eq!(before.status, 502);
});

// It sleeps for far longer than a test waits: what is read was not held back for more.
cgi!(events_are_sent_when_they_are_printed, |case| {
    let mut connection = case.host().connect();
    let target = case.target("/sse?seconds=1000");
    connection.send(format!("GET {target} HTTP/1.1\r\nhost: test\r\n\r\n"));
    let head = connection.head();
    assert_eq!(head.status, 200);
    assert_eq!(head.field("content-type"), Some("text/event-stream"));
    let expected = b"data: event 0\n\n";
    let mut text = Vec::new();
    while text.len() < expected.len() {
        text.extend(connection.data());
    }
    assert_eq!(text, expected);
});

cgi!(has_a_dev_null, |case| {
    assert_eq!(case.get("/dev-null").text(), "read ``\nwritten: false\n");
});

cgi!(a_folder_does_not_hide_dev_null, |case| {
    let dir = "[[app.dir]]\nhost = '.'\nguest = '/data'\naccess = 'read-only'";
    let host = case.alone("dev-null", dir);
    assert_eq!(
        host.get(&case.target("/dev-null")).text(),
        "read ``\nwritten: false\n"
    );
});

parity!(
    only_start_is_called,
    [cgi1] because "only a core module can export both",
    |case| {
        assert_eq!(case.get("/initialize").text(), "initialized 0 times\n");
    }
);

#[test]
fn a_core_module_without_start_is_refused() {
    let reactor = guests::path("cgi1-reactor");
    let end = host::run(&["serve", reactor.to_str().unwrap(), "--addr", "127.0.0.1:0"]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.starts_with("error: "), "{}", end.stderr);
    assert!(
        end.stderr.contains("_start") && end.stderr.contains("answer"),
        "{}",
        end.stderr
    );
}
