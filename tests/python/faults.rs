use super::example::component;
use crate::support::host::{Host, Isolation};
use crate::support::root;
use crate::support::site::as_text;

/// What `tests/guests-python/wsgi_faults.py` does wrong at a path, and what the log says of it.
const BEFORE_THE_HEAD: [(&str, &str); 17] = [
    (
        "raises",
        "ValueError: the application failed (/app/wsgi_faults.py, line 7)",
    ),
    ("returns-text", "a chunk of its body of the type str"),
    ("returns-str", "returned an object of the type str"),
    ("returns-none", "returned an object of the type NoneType"),
    ("no-start", "did not call start_response"),
    ("bad-status", "expected three digits, a space and a reason"),
    ("int-status", "a status of the type int"),
    ("interim-status", "expected 200 to 599"),
    (
        "bad-header",
        "with a part of the type int: expected two str",
    ),
    ("headers-dict", "headers of the type dict"),
    ("control", "a control character in the header"),
    ("hop-by-hop", "concerns one connection"),
    ("twice", "called start_response a second time"),
    ("exits", "SystemExit: 3"),
    ("deep-json", "RecursionError: Stack overflow"),
    (
        "deep-python",
        "RecursionError: maximum recursion depth exceeded",
    ),
    ("surrogate", "a lone surrogate: "),
];

/// What it does wrong in the middle of a body, and what the client has got by then.
const IN_THE_BODY: [(&str, &str, &str); 4] = [
    (
        "broken-stream",
        "first\nsecond\n",
        "ValueError: broken in mid-stream",
    ),
    (
        "text-in-stream",
        "first\n",
        "a chunk of its body of the type str",
    ),
    ("late-start", "first\n", "ValueError: too late"),
    (
        "too-short",
        "12345678",
        "ended 42 bytes before its content-length",
    ),
];

fn serve(isolation: Isolation) -> Host {
    let source = root().join("tests/guests-python");
    let module = ["--module", "wsgi_faults:application", "--no-warm"];
    let component = component("wsgi-faults", &[&[as_text(&source)], &module[..]].concat());
    let isolation = match isolation {
        Isolation::Fresh => "request",
        Isolation::Reuse => "reuse",
    };
    Host::serve(&[as_text(&component), "--isolation", isolation])
}

/// Who comes next finds the app as it was.
fn is_well(host: &Host) {
    let response = host.get("/ok");
    assert_eq!((response.status, response.text()), (200, "ok\n"));
}

both!(
    what_breaks_a_rule_costs_its_own_request,
    |isolation: Isolation| {
        let host = serve(isolation);
        for (path, sentence) in BEFORE_THE_HEAD {
            let response = host.get(&format!("/{path}"));
            assert_eq!(response.status, 502, "{path}");
            assert!(
                response.text().starts_with("502 Bad Gateway\n"),
                "{path}: {}",
                response.text()
            );
            host.stderr().wait_for(&["guest-failed: ", sentence]);
            is_well(&host);
        }
    }
);

both!(
    what_breaks_in_the_body_is_seen_by_the_client,
    |isolation: Isolation| {
        let host = serve(isolation);
        for (path, text, sentence) in IN_THE_BODY {
            let response = host.get(&format!("/{path}"));
            assert_eq!((response.status, response.text()), (200, text), "{path}");
            assert!(!response.is_complete, "{path}");
            host.stderr()
                .wait_for(&[&format!("target=/{path} "), sentence]);
            is_well(&host);
        }
    }
);

both!(
    what_is_too_much_is_left_out_and_told,
    |isolation: Isolation| {
        let host = serve(isolation);
        assert_eq!(host.get("/too-long").text(), "12345");
        host.stderr()
            .wait_for(&["more than the 5 bytes of its Content-Length"]);
        assert_eq!(host.get("/close-fails").text(), "content");
        host.stderr().wait_for(&["ValueError: close failed"]);
        is_well(&host);
    }
);
