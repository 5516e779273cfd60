use crate::support::{Response, Setup, get};

use super::case::Case;

/// Expect the answer that every failure before the head has, and one event of it in the log, which
/// names the app, the fault, the code and the status. Returns the event.
fn is_answered(case: &Case, target: &str, code: &str) -> String {
    let host = case.host();
    let response = case.get(target);
    let status = (response.status, response.reason.as_str());
    assert_eq!(status, (502, "Bad Gateway"), "{response:?}");
    let id = response.request_id();
    assert_eq!(
        response.text(),
        format!("502 Bad Gateway\nrequest id: {id}\n")
    );

    let app = case.guest(target.strip_prefix('/').unwrap().split('?').next().unwrap());
    let last = host.stderr().wait_for(&[id, code, &app, "guest", "502"]);
    // By then a second event would be there too.
    assert_eq!(case.get("/hello").status, 200);
    let text = host.stderr().text();
    let events = text
        .lines()
        .filter(|line| line.contains(id) && line.contains("fault"));
    assert_eq!(events.count(), 1, "{text}");
    // An event is one line, or several when it has a backtrace.
    let end = text.find(&last).unwrap() + last.len();
    let start = text[..end].rfind(" ERROR ").unwrap();
    text[start..end].to_owned()
}

parity!(a_trap, |case| {
    let event = is_answered(case, "/trap", "guest-trapped");
    assert!(event.contains("deliberate_trap"), "{event}");
});

parity!(a_stack_overflow, |case| {
    is_answered(case, "/recurse", "guest-trapped");
});

parity!(a_panic_while_instantiating, |case| {
    is_answered(case, "/init-panic", "guest-trapped");
    case.host()
        .stderr()
        .wait_for(&["told to panic at the start"]);
});

parity!(an_error_that_the_guest_returns, |case| {
    is_answered(case, "/fail", "guest-failed");
    case.host().stderr().wait_for(&["told to fail"]);
});

parity!(
    no_response,
    [http02, cgi, cgi1] because "elsewhere the guest's result is a response or an error",
    |case| {
        is_answered(case, "/no-response", "bad-response");
    }
);

parity!(a_response_that_is_not_valid, |case| {
    let event = is_answered(case, "/head?fields=101", "bad-response");
    assert!(event.contains("101"), "what came is not named: {event}");
});

parity!(memory, |case| {
    is_answered(case, "/grow?mib=200", "memory-limit");
});

parity!(
    nothing_of_the_guest_is_shown_unless_that_is_asked_for,
    |case| {
        for target in [
            "/trap",
            "/fail",
            "/init-panic",
            "/recurse",
            "/bad-head?case=name",
        ] {
            let response = case.get(target);
            assert_eq!(
                response.text().lines().count(),
                2,
                "{target}: {}",
                response.text()
            );
        }
    }
);

parity!(the_client_is_shown_the_error_if_that_is_asked_for, |case| {
    let host = Setup::new(case.isolation)
        .app(&case.guest("trap"), "")
        .arg("--expose-errors")
        .start();
    let response = host.get(&case.target("/trap"));
    assert!(
        response.text().contains("deliberate_trap"),
        "{}",
        response.text()
    );
});

fn breaks_off(case: &Case, behaviour: &str, code: &str) {
    let host = case.alone(behaviour, "");
    let mut connection = host.connect();
    connection.send(get(&case.target(&format!("/{behaviour}"))));
    let response: Response = connection.response();
    assert_eq!((response.status, response.text()), (200, "first\n"));
    assert!(
        !response.is_complete,
        "the client cannot tell that something is missing"
    );
    assert!(connection.is_closed());
    host.stderr().wait_for(&[&case.guest(behaviour), code]);
    let target = case.target(&format!("/{behaviour}"));
    host.stdout()
        .wait_for(&[&format!("GET {target} "), " 200 "]);
}

parity!(a_trap_after_the_head, |case| {
    breaks_off(case, "trap-mid-body", "guest-trapped");
});

parity!(
    an_error_after_the_head,
    [native] because "a program that has sent a document has answered, however it exits",
    |case| {
        breaks_off(case, "fail-mid-body", "guest-failed");
    }
);

parity!(
    a_body_that_is_given_up,
    [http02, http03] because "in wasi:http, giving up is a property of the body, not an error of the guest",
    |case| {
        breaks_off(case, "fail-mid-body", "bad-response");
    }
);

parity!(every_failure_is_in_the_access_log, |case| {
    case.get("/trap?access");
    let line = format!("\"GET {} HTTP/1.1\" 502 ", case.target("/trap?access"));
    case.host().stdout().wait_for(&[&line]);
});
