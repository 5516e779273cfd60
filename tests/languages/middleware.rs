use super::alone::{Served, serve};
use super::behaviours;
use crate::support::built::{component, middleware};
use crate::support::site::as_text;
use crate::support::{Host, Isolation, root};

/// The program in Rust that has all behaviours, behind a middleware in JavaScript.
fn behind(isolation: Isolation) -> Served {
    let tests = root().join("tests");
    let app = component("rust", &[as_text(&tests.join("guests-rust"))]);
    let before = middleware(
        "js-middleware",
        &[as_text(&tests.join("guests-js-middleware"))],
    );
    let kind = match isolation {
        Isolation::Fresh => "request",
        Isolation::Reuse => "reuse",
    };
    let limits = "limits = { request-body = '200MiB', cpu = '30s' }";
    let toml = format!(
        "env = {{ GREETING = 'hello' }}\n{limits}\n\
         [[app.middleware]]\nname = 'before'\ncomponent = '{}'\nisolation = '{kind}'\n{limits}",
        before.display()
    );
    serve(&app, "/", isolation, &toml)
}

fn ask(host: &Host, action: &str, target: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let response = host.send(format!(
        "POST {target} HTTP/1.1\r\nhost: a\r\nx-action: {action}\r\n\
         content-length: {length}\r\n\r\n{body}"
    ));
    (response.status, response.text().to_owned())
}

both!(what_is_behind_is_as_if_alone, |isolation: Isolation| {
    type Behaviour = fn(&Host, Isolation);
    const BEHAVIOURS: [Behaviour; 12] = [
        behaviours::answers,
        behaviours::knows_its_request,
        behaviours::sends_fields_as_they_are,
        behaviours::sees_what_is_granted,
        behaviours::sets_the_status,
        behaviours::reads_bodies_up_to_a_limit,
        behaviours::streams_what_it_makes,
        behaviours::sends_each_chunk_when_it_is_made,
        behaviours::breaks_off_a_body_that_fails,
        behaviours::sends_trailers,
        behaviours::echoes_bodies_with_trailers,
        behaviours::echoes_100_megabytes_in_bounded_memory,
    ];
    let served = behind(isolation);
    let _shown = served.host.show_on_failure();
    for behaviour in BEHAVIOURS {
        behaviour(&served.host, isolation);
    }
});

both!(it_changes_what_it_hands_on, |isolation: Isolation| {
    let served = behind(isolation);
    let host = &served.host;
    let (status, text) = ask(host, "move", "/hello", "");
    assert_eq!(status, 200, "{text}");
    for line in [
        "request-method=GET",
        "path-info=/environ",
        "query-string=some(moved)",
        "header x-added=by the middleware",
    ] {
        assert!(text.lines().any(|other| other == line), "{line}: {text}");
    }
    assert_eq!(ask(host, "upper", "/echo", "words").1, "WORDS");
    // It has its own grants alone.
    let answered = ask(host, "answer", "/hello", "");
    let expected = "nothing was asked, no variable\n".to_owned();
    assert_eq!(answered, (200, expected));
    assert_eq!(ask(host, "drop", "/stream", "").1, "another answer\n");
});

both!(what_cannot_be_handed_on_is_told, |isolation: Isolation| {
    let served = behind(isolation);
    let host = &served.host;
    for (action, why) in [
        ("replace", "expected the body that came with the request"),
        ("read", "The body was used already"),
        ("twice", "The body was used already"),
    ] {
        assert_eq!(ask(host, action, "/echo", "words").0, 502, "{action}");
        host.stderr().wait_for(&["guest-failed", why]);
    }
});

both!(a_failure_behind_can_be_answered, |isolation: Isolation| {
    let served = behind(isolation);
    let host = &served.host;
    let (status, text) = ask(host, "recover", "/fail", "");
    assert_eq!(status, 503);
    assert!(
        text.starts_with("The application behind failed: "),
        "{text}"
    );
    assert_eq!(ask(host, "", "/fail", "").0, 502);
    // What is behind has its own limits, and its own status if it breaks them.
    assert_eq!(ask(host, "", "/trap", "").0, 502);
    assert_eq!(ask(host, "recover", "/hello", "").0, 200);
});
