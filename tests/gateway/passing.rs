//! Requests and responses on their way through a middleware.

use http::Method;

use crate::support::*;

#[tokio::test]
async fn all_of_a_response_is_handed_on() {
    for contract in CONTRACTS {
        for isolation in ISOLATIONS {
            let app = pass(isolation, app(&format!("{contract}hello"), isolation));
            for _ in 0..3 {
                let answer = get(&app, "/").await.unwrap();
                assert_eq!(answer.status, 200, "{contract}");
                assert_eq!(answer.body, "hello\n", "{contract}");
                let content_type = answer.headers["content-type"].to_str().unwrap();
                assert!(content_type.starts_with("text/plain"), "{contract}");
            }
        }
    }
}

#[tokio::test]
async fn bodies_and_trailers_are_handed_on_both_ways() {
    for contract in CONTRACTS {
        for isolation in ISOLATIONS {
            let app = pass(isolation, app(&format!("{contract}echo"), isolation));
            for _ in 0..3 {
                let fields = [("trailer", "x-checksum")];
                let answer = post(&app, &fields, &["some ", "more ", "text"])
                    .await
                    .unwrap();
                assert_eq!(answer.body, "some more text", "{contract}");
                // CGI has no place for them.
                if !contract.starts_with("cgi") {
                    let trailers = answer.trailers.unwrap();
                    assert_eq!(trailers["x-checksum"], "abc", "{contract}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_long_body_is_handed_on_in_pieces() {
    for contract in CONTRACTS {
        let inner = app(&format!("{contract}stream"), ISOLATIONS[0]);
        let app = wrap("upper", ISOLATIONS[0], pass(ISOLATIONS[0], inner));
        let answer = get(&app, "/?chunks=300&size=10000").await.unwrap();
        assert_eq!(answer.body.len(), 3_000_000, "{contract}");
        assert!(answer.body.bytes().all(|byte| byte == b'X'), "{contract}");
    }
}

#[tokio::test]
async fn a_large_piece_does_not_run_into_the_middlewares_limit() {
    let app = app("big", ISOLATIONS[0]);
    let app = wrap_limited("", ISOLATIONS[0], app, |settings| {
        settings.limits.host_call = 100_000;
    });
    let answer = get(&app, "/?mib=7").await.unwrap();
    assert_eq!(answer.body.len(), 7 << 20);
}

#[tokio::test]
async fn a_guest_that_waits_goes_on() {
    for contract in CONTRACTS {
        for isolation in ISOLATIONS {
            let inner = app(&format!("{contract}ticks"), isolation);
            let app = wrap("upper", isolation, pass(isolation, inner));
            let asked = [0, 1, 2].map(|_| get(&app, "/?count=3&ms=5"));
            let [a, b, c] = asked;
            let (a, b, c) = tokio::join!(a, b, c);
            for answer in [a, b, c] {
                let answer = answer.unwrap();
                assert_eq!(answer.body, "TICK 0\nTICK 1\nTICK 2\n", "{contract}");
            }
        }
    }
}

#[tokio::test]
async fn a_middleware_adds_fields_both_ways() {
    for isolation in ISOLATIONS {
        let app = wrap("header", isolation, app("environ", isolation));
        let answer = get(&app, "/").await.unwrap();
        assert!(answer.body.contains("header x-wrapped=yes\n"), "{answer:?}");
        assert_eq!(answer.headers["x-wrapped"], "too");
    }
}

#[tokio::test]
async fn a_middleware_decides_what_the_app_is_told() {
    let app = wrap("rewrite", ISOLATIONS[0], app("environ", ISOLATIONS[0]));
    let answer = get(&app, "/x?y").await.unwrap();
    let expected = [
        "request-method=PUT",
        "url-scheme=http",
        "server-name=other.example",
        "server-port=8443",
        "script-name=/a",
        "path-info=/b%20c",
        "query-string=some(d=e)",
        "server-protocol=HTTP/1.0",
        "remote=none",
        "tls=none",
        &format!("request-id={}", origin().request_id),
        "route-parameters=id:7",
        "header host=shop.example",
    ];
    assert_eq!(answer.body.lines().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn the_environ_is_handed_on_as_it_is() {
    let bare = app("environ", ISOLATIONS[0]);
    let wrapped = pass(
        ISOLATIONS[0],
        pass(ISOLATIONS[0], app("environ", ISOLATIONS[0])),
    );
    for target in ["/", "/a%2Fb//c?d=e&f", "/?", "http://other.example:81/x"] {
        let bare = get(&bare, target).await.unwrap();
        let wrapped = get(&wrapped, target).await.unwrap();
        assert_eq!(wrapped.body, bare.body);
    }
}

#[tokio::test]
async fn a_middleware_may_answer_by_itself() {
    for isolation in ISOLATIONS {
        let app = wrap("answer", isolation, app("trap", isolation));
        assert_eq!(get(&app, "/").await.unwrap().body, "mine\n");
    }
}

/// A length that the middleware has made untrue is the app's to bear: it breaks and holds up
/// nothing.
#[tokio::test]
async fn a_middleware_may_read_the_beginning_of_the_input() {
    for contract in CONTRACTS {
        for isolation in ISOLATIONS {
            for (guest, expected) in [("echo", "lo world"), ("collect", "8")] {
                let inner = app(&format!("{contract}{guest}"), isolation);
                let app = wrap("half", isolation, inner);
                let fields = [("content-length", "11")];
                let answer = post(&app, &fields, &["hello", " world"]).await.unwrap();
                assert_eq!(answer.headers["x-first"], "hel", "{contract}");
                assert_eq!(answer.body, expected, "{contract}");
                let answer = post(&app, &[("content-length", "3")], &["hel"])
                    .await
                    .unwrap();
                assert_eq!(
                    answer.body,
                    if guest == "echo" { "" } else { "0" },
                    "{contract}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_head_request_has_the_length_of_what_would_follow() {
    for contract in CONTRACTS {
        let bare = app(&format!("{contract}hello"), ISOLATIONS[0]);
        let wrapped = pass(
            ISOLATIONS[0],
            app(&format!("{contract}hello"), ISOLATIONS[0]),
        );
        let mut lengths = Vec::new();
        for app in [bare, wrapped] {
            let request = http::Request::builder().method(Method::HEAD).uri("/");
            let request = request
                .header("host", "a")
                .body(http_body_util::Empty::new());
            let answer = ask(&app, request.unwrap()).await.unwrap();
            assert_eq!(answer.body, "", "{contract}");
            lengths.push(answer.headers.get("content-length").cloned());
        }
        assert_eq!(lengths[0], lengths[1], "{contract}");
    }
}

#[tokio::test]
async fn an_app_without_host_field_is_told_of_the_middlewares_server() {
    for contract in ["", "http02-", "http03-", "cgi-"] {
        let app = pass(
            ISOLATIONS[0],
            app(&format!("{contract}environ"), ISOLATIONS[0]),
        );
        let mut request = http::Request::new(http_body_util::Empty::new());
        *request.version_mut() = http::Version::HTTP_10;
        let answer = ask(&app, request).await.unwrap();
        assert!(
            answer.body.contains("127.0.0.1"),
            "{contract}: {}",
            answer.body
        );
        assert!(answer.body.contains("8080"), "{contract}: {}", answer.body);
    }
}

#[tokio::test]
async fn the_body_ends_once() {
    for contract in ["", "http02-", "http03-", "cgi-"] {
        let inner = app(&format!("{contract}stream"), ISOLATIONS[0]);
        let app = wrap("again", ISOLATIONS[0], inner);
        let answer = get(&app, "/?chunks=3&size=100000").await.unwrap();
        assert_eq!(answer.body, "end\nend\n", "{contract}");
    }
    let app = wrap("again", ISOLATIONS[0], app("fail-mid-body", ISOLATIONS[0]));
    let answer = get(&app, "/").await.unwrap();
    assert_eq!(answer.body, "error: the body has failed before\n".repeat(2));
}
