//! What a script is told of a request, and what it is not.

use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Request, Version};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::request::Peer;
use crate::request_id::RequestId;

fn origin(script_name_length: usize) -> Origin {
    Origin {
        request_id: RequestId::from_number(0xfe),
        local: "[::1]:8080".parse().unwrap(),
        remote: Arc::new(Peer {
            address: "127.0.0.2".to_owned(),
            port: 40000,
        }),
        script_name_length,
        route_parameters: Vec::new(),
        server: None,
    }
}

fn parts(target: &str, fields: &[(&str, &[u8])]) -> Parts {
    let mut request = Request::builder().uri(target);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

/// The variables of a request, each of which is there once.
fn map(parts: &Parts, origin: &Origin, length: Option<u64>) -> HashMap<String, String> {
    let listed = variables(parts, origin, length);
    let count = listed.len();
    let map: HashMap<_, _> = listed.into_iter().collect();
    assert_eq!(map.len(), count, "a name came twice");
    map
}

fn assert_has(variables: &HashMap<String, String>, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        let found = variables.get(*name).map(String::as_str);
        assert_eq!(found, Some(*value), "{name}");
    }
}

#[test]
fn a_request_is_described_in_full() {
    let fields: [(&str, &[u8]); 5] = [
        ("host", b"a.example:81"),
        ("content-type", b"text/plain"),
        ("content-length", b"5"),
        ("authorization", b"Basic eDp5"),
        ("x-forwarded-for", b"192.0.2.1"),
    ];
    let mut parts = parts("/shop/caf%C3%A9%2Fa+b?x=%20&y", &fields);
    parts.method = Method::POST;
    parts.version = Version::HTTP_10;
    let listed = variables(&parts, &origin(5), Some(5));
    let software = format!("wasgi/{}", env!("CARGO_PKG_VERSION"));
    let expected = [
        ("GATEWAY_INTERFACE", "CGI/1.1"),
        ("PATH_INFO", "/caf\u{e9}/a+b"),
        ("QUERY_STRING", "x=%20&y"),
        ("REMOTE_ADDR", "127.0.0.2"),
        ("REMOTE_HOST", "127.0.0.2"),
        ("REMOTE_PORT", "40000"),
        ("REQUEST_METHOD", "POST"),
        ("REQUEST_URI", "/shop/caf%C3%A9%2Fa+b?x=%20&y"),
        ("SCRIPT_NAME", "/shop"),
        ("SERVER_NAME", "a.example"),
        ("SERVER_PORT", "81"),
        ("SERVER_PROTOCOL", "HTTP/1.0"),
        ("SERVER_SOFTWARE", &software),
        ("UNIQUE_ID", "00000000000000fe"),
        ("REQUEST_SCHEME", "http"),
        ("CONTENT_LENGTH", "5"),
        ("CONTENT_TYPE", "text/plain"),
        ("HTTP_AUTHORIZATION", "Basic eDp5"),
        ("HTTP_HOST", "a.example:81"),
        ("HTTP_X_FORWARDED_FOR", "192.0.2.1"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(listed, expected);
}

#[test]
fn what_a_request_lacks_is_empty_or_absent() {
    let variables = map(&parts("/shop", &[]), &origin(5), None);
    assert_has(
        &variables,
        &[
            ("PATH_INFO", ""),
            ("QUERY_STRING", ""),
            ("REQUEST_URI", "/shop"),
            ("SERVER_NAME", "[::1]"),
            ("SERVER_PORT", "8080"),
        ],
    );
    let absent = [
        "AUTH_TYPE",
        "CONTENT_LENGTH",
        "CONTENT_TYPE",
        "HTTPS",
        "HTTP_HOST",
    ];
    for name in absent
        .iter()
        .chain(&["PATH_TRANSLATED", "REMOTE_IDENT", "REMOTE_USER"])
    {
        assert!(!variables.contains_key(*name), "{name}");
    }
}

#[test]
fn a_path_that_cannot_be_carried_decoded_stays_as_it_was_sent() {
    for (path, expected) in [
        ("/%41%2f", "/A/"),
        ("/caf%E9", "/caf%E9"),
        ("/%41%FF", "/%41%FF"),
        ("/%41%00", "/%41%00"),
        ("/100%", "/100%"),
        ("/%zz", "/%zz"),
        ("/a;b+c", "/a;b+c"),
    ] {
        let both = map(
            &parts(&format!("{path}{path}?q"), &[]),
            &origin(path.len()),
            None,
        );
        let target = format!("{path}{path}?q");
        assert_has(
            &both,
            &[
                ("SCRIPT_NAME", expected),
                ("PATH_INFO", expected),
                ("REQUEST_URI", &target),
            ],
        );
    }
}

#[test]
fn an_absolute_target_is_given_as_a_path_and_a_host() {
    let fields: [(&str, &[u8]); 1] = [("host", b"b.example")];
    let variables = map(&parts("http://a.example:82/b?c", &fields), &origin(0), None);
    assert_has(
        &variables,
        &[
            ("REQUEST_URI", "/b?c"),
            ("HTTP_HOST", "a.example:82"),
            ("SERVER_NAME", "a.example"),
            ("SERVER_PORT", "82"),
        ],
    );
    let variables = map(&parts("*", &[]), &origin(0), None);
    assert_has(&variables, &[("REQUEST_URI", "*"), ("PATH_INFO", "")]);
}

#[test]
fn repeated_fields_are_joined() {
    let fields: [(&str, &[u8]); 6] = [
        ("accept", b"a"),
        ("cookie", b"a=1"),
        ("x-latin", b"\xe9"),
        ("Accept", b"b;q=0.5"),
        ("cookie", b"b=2"),
        ("accept", b""),
    ];
    assert_has(
        &map(&parts("/", &fields), &origin(0), None),
        &[
            ("HTTP_ACCEPT", "a, b;q=0.5, "),
            ("HTTP_COOKIE", "a=1; b=2"),
            ("HTTP_X_LATIN", "\u{fffd}"),
        ],
    );
}

#[test]
fn fields_that_could_mislead_a_script_are_left_out() {
    let fields: Vec<(&str, &[u8])> = [
        "proxy",
        "x_forwarded_for",
        "x.a",
        "content-length",
        "content-type",
        "connection",
        "transfer-encoding",
    ]
    .map(|name| (name, &b"9"[..]))
    .into();
    let variables = map(&parts("/", &fields), &origin(0), None);
    let passed: Vec<_> = variables
        .keys()
        .filter(|name| name.starts_with("HTTP_"))
        .collect();
    assert!(passed.is_empty(), "{passed:?}");
    assert_has(&variables, &[("CONTENT_TYPE", "9")]);
}

#[test]
fn https_is_there_for_https_only() {
    let listed: Vec<_> = of_scheme("https").collect();
    let expected = [("REQUEST_SCHEME", "https"), ("HTTPS", "on")];
    assert_eq!(
        listed,
        expected.map(|(name, value)| (name, value.to_owned()))
    );
    assert_eq!(of_scheme("http").count(), 1);
}

#[test]
fn a_variable_with_a_nul_is_left_out() {
    let mut origin = origin(0);
    origin.remote = Arc::new(Peer {
        address: "a\0b".to_owned(),
        port: 1,
    });
    let variables = map(&parts("/", &[]), &origin, None);
    assert!(!variables.contains_key("REMOTE_ADDR"));
    assert_has(&variables, &[("REMOTE_PORT", "1")]);
}

#[test]
fn an_indexed_query_becomes_arguments() {
    for (query, expected) in [
        ("a", &["a"][..]),
        ("a+b%20c+%3D", &["a", "b c", "="]),
        ("a%2Bb+%C3%A9", &["a+b", "\u{e9}"]),
        ("a++b", &["a", "", "b"]),
        ("", &[]),
        ("a=b", &[]),
        ("a+b=", &[]),
        ("a+%00", &[]),
        ("a+%FF", &[]),
    ] {
        assert_eq!(arguments(&Method::GET, Some(query)), expected, "{query}");
        assert_eq!(arguments(&Method::HEAD, Some(query)), expected, "{query}");
        assert!(arguments(&Method::POST, Some(query)).is_empty());
    }
    assert!(arguments(&Method::GET, None).is_empty());
    let most = vec!["a"; ARGUMENTS_MAX].join("+");
    assert_eq!(arguments(&Method::GET, Some(&most)).len(), ARGUMENTS_MAX);
    assert!(arguments(&Method::GET, Some(&format!("{most}+a"))).is_empty());
}

proptest! {
    #[test]
    fn every_request_has_plain_names_and_values_without_nul(
        target in "(/[a-z%0-9.~]{0,6}){1,4}(\\?[a-z%0-9&=+]{0,9})?",
        fields in vec(("[a-cA-C_!.-]{1,3}", vec(any::<u8>(), 0..6)), 0..12),
        mount in 0..12_usize,
    ) {
        let mut parts = parts(&target, &[]);
        for (name, value) in fields {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(&value)) {
                parts.headers.append(name, value);
            }
        }
        let listed = map(&parts, &origin(mount), None);
        prop_assert_eq!(&listed["REQUEST_URI"], &target);
        for (name, value) in listed {
            let is_plain = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
            prop_assert!(name.bytes().all(is_plain), "{}", name);
            prop_assert!(!value.contains('\0'), "{} {}", name, value);
        }
        for argument in arguments(&parts.method, parts.uri.query()) {
            prop_assert!(!argument.contains('\0'), "{}", argument);
        }
    }
}
