use crate::support::{Host, Isolation, Response, Setup, get, host};

/// Expect the answer that every failure before the head has, and its event in the log.
fn is_answered(host: &Host, request: &str, status: u16, reason: &str, code: &str) -> String {
    let response = host.send(request);
    assert_eq!(
        (response.status, response.reason.as_str()),
        (status, reason),
        "{response:?}"
    );
    assert_eq!(
        response.field("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let id = response.request_id();
    assert_eq!(
        response.text(),
        format!("{status} {reason}\nrequest id: {id}\n")
    );
    let last = host.stderr().wait_for(&[id, code]);
    // An event is one line, or several when it has a backtrace.
    let text = host.stderr().text();
    let end = text.find(&last).unwrap() + last.len();
    let start = text[..end].rfind(" ERROR ").unwrap();
    text[start..end].to_owned()
}

both!(a_trap, |host| {
    let line = is_answered(host, &get("/trap"), 502, "Bad Gateway", "guest-trapped");
    assert!(
        line.contains("deliberate_trap") && line.contains("502"),
        "{line}"
    );
    assert!(line.contains("guest"), "the fault is not named: {line}");
});

both!(a_stack_overflow, |host| {
    is_answered(host, &get("/recurse"), 502, "Bad Gateway", "guest-trapped");
});

both!(a_panic_while_instantiating, |host| {
    is_answered(
        host,
        &get("/init-panic"),
        502,
        "Bad Gateway",
        "guest-trapped",
    );
});

both!(an_error_that_the_guest_returns, |host| {
    let line = is_answered(host, &get("/fail"), 502, "Bad Gateway", "guest-failed");
    assert!(line.contains("told to fail"), "{line}");
});

both!(a_response_that_is_not_valid, |host| {
    let request = get("/bad-head?case=status-99");
    let line = is_answered(host, &request, 502, "Bad Gateway", "bad-response");
    assert!(line.contains("99"), "what came is not named: {line}");
});

both!(memory, |host| {
    is_answered(
        host,
        &get("/grow?mib=200"),
        502,
        "Bad Gateway",
        "memory-limit",
    );
});

both!(a_call_that_is_too_large_for_the_host, |host| {
    is_answered(
        host,
        &get("/big?mib=9"),
        502,
        "Bad Gateway",
        "host-call-limit",
    );
});

both!(no_app, |isolation: Isolation| {
    let host = Setup::new(isolation).app("hello", "").start();
    for target in ["/", "/other", "/helloes", "/hell", "/Hello"] {
        let response = host.get(target);
        assert_eq!(
            (response.status, response.reason.as_str()),
            (404, "Not Found"),
            "{target}"
        );
        let id = response.request_id();
        assert_eq!(
            response.text(),
            format!("404 Not Found\nrequest id: {id}\n\nno app answers this path on this host\n")
        );
    }
    // What a client does wrong is not an error of this host.
    assert!(
        !host.stderr().text().contains("ERROR"),
        "{}",
        host.stderr().text()
    );
});

both!(a_bad_request, |host| {
    let response = host.send("GET /hello HTTP/1.1\r\n\r\n");
    let id = response.request_id();
    assert_eq!(
        response.text(),
        format!("400 Bad Request\nrequest id: {id}\n")
    );
});

both!(a_body_that_is_too_large, |host| {
    let request = "POST /collect HTTP/1.1\r\nhost: test\r\ncontent-length: 99999999\r\n\r\n";
    let response = host.send(request);
    assert_eq!(response.status, 413);
    let (id, text) = (response.request_id(), response.text());
    assert!(text.starts_with("413 "), "{text}");
    assert!(text.ends_with(&format!("\nrequest id: {id}\n")), "{text}");
});

both!(
    a_trap_is_logged_with_its_functions,
    |isolation: Isolation| {
        let host = Setup::new(isolation).app("trap", "").start();
        assert_eq!(host.get("/trap").status, 502);
        host.stderr().wait_for(&["deliberate_trap"]);
        assert!(
            !host.stderr().text().contains('\x1b'),
            "colours in a log that is not a terminal"
        );
    }
);

both!(
    a_panic_is_logged_with_its_last_words,
    |isolation: Isolation| {
        let host = Setup::new(isolation).app("init-panic", "").start();
        assert_eq!(host.get("/init-panic").status, 502);
        host.stderr().wait_for(&["panicked at"]);
    }
);

both!(
    nothing_of_the_guest_is_shown_unless_that_is_asked_for,
    |isolation: Isolation| {
        let host = host::shared(isolation);
        for target in [
            "/trap",
            "/fail",
            "/init-panic",
            "/recurse",
            "/bad-head?case=newline",
        ] {
            let response = host.get(target);
            assert_eq!(
                response.text().lines().count(),
                2,
                "{target}: {}",
                response.text()
            );
        }
    }
);

both!(
    the_client_is_shown_the_error_if_that_is_asked_for,
    |isolation: Isolation| {
        let host = Setup::new(isolation)
            .app("trap", "")
            .app("fail", "")
            .arg("--expose-errors")
            .start();
        let response = host.get("/trap");
        let (id, text) = (response.request_id(), response.text());
        assert!(
            text.starts_with(&format!("502 Bad Gateway\nrequest id: {id}\n")),
            "{text}"
        );
        assert!(text.contains("deliberate_trap"), "{text}");
        let response = host.get("/fail");
        assert!(
            response.text().contains("told to fail"),
            "{}",
            response.text()
        );
    }
);

fn breaks_off(isolation: Isolation, guest: &str, code: &str) {
    let host = Setup::new(isolation).app(guest, "").start();
    let mut connection = host.connect();
    connection.send(get(&format!("/{guest}")));
    let response: Response = connection.response();
    assert_eq!((response.status, response.text()), (200, "first\n"));
    assert!(
        !response.is_complete,
        "the client cannot tell that something is missing"
    );
    assert!(connection.is_closed());
    host.stderr().wait_for(&[guest, code]);
    host.stdout()
        .wait_for(&[&format!("GET /{guest} "), " 200 "]);
}

both!(a_trap_after_the_head, |isolation: Isolation| {
    breaks_off(isolation, "trap-mid-body", "guest-trapped");
});

both!(an_error_after_the_head, |isolation: Isolation| {
    breaks_off(isolation, "fail-mid-body", "guest-failed");
});

both!(
    every_failure_is_in_the_access_log,
    |isolation: Isolation| {
        let host = Setup::new(isolation).app("trap", "").start();
        host.get("/trap?access");
        host.get("/no-such-app");
        host.stdout()
            .wait_for(&["\"GET /trap?access HTTP/1.1\" 502 "]);
        host.stdout()
            .wait_for(&["\"GET /no-such-app HTTP/1.1\" 404 "]);
    }
);
