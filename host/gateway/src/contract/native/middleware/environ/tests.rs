//! What a middleware may make of a request, and what not.

use super::*;
use crate::contract::native::bindings::middleware::wasgi::gateway::types;
use crate::request_id::RequestId;

fn origin() -> Origin {
    Origin {
        request_id: RequestId::from_number(1),
        local: "127.0.0.1:8080".parse().unwrap(),
        remote: Arc::new(Peer {
            address: "127.0.0.2".to_owned(),
            port: 40000,
        }),
        script_name_length: 0,
        route_parameters: Vec::new(),
        server: None,
    }
}

fn environ() -> Environ {
    Environ {
        request_method: "PUT".to_owned(),
        url_scheme: "http".to_owned(),
        server_name: "shop.example".to_owned(),
        server_port: 8443,
        script_name: "/shop".to_owned(),
        path_info: "/a%20b".to_owned(),
        query_string: Some("q=1".to_owned()),
        server_protocol: "HTTP/1.1".to_owned(),
        remote: Some(types::Peer {
            address: "192.0.2.1".to_owned(),
            port: 7,
        }),
        tls: None,
        request_id: "mine".to_owned(),
        route_parameters: vec![("id".to_owned(), "7".to_owned())],
        headers: vec![
            ("accept".to_owned(), b"a".to_vec()),
            ("X-Mine".to_owned(), vec![0xff]),
            ("accept".to_owned(), b"b".to_vec()),
        ],
    }
}

/// The error of an environ that `change` breaks.
#[track_caller]
fn refused(change: impl FnOnce(&mut Environ)) -> String {
    let mut environ = environ();
    change(&mut environ);
    request(environ, &origin()).unwrap_err()
}

#[test]
fn an_environ_becomes_a_request() {
    let (request, origin) = request(environ(), &origin()).unwrap();
    assert_eq!(request.method(), Method::PUT);
    assert_eq!(request.uri(), "/shop/a%20b?q=1");
    assert_eq!(request.version(), Version::HTTP_11);
    let fields: Vec<_> = request.headers().iter().collect();
    let expected: [(&str, &[u8]); 3] = [("accept", b"a"), ("accept", b"b"), ("x-mine", b"\xff")];
    assert!(
        fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .eq(expected)
    );
    assert_eq!(origin.script_name_length, "/shop".len());
    assert_eq!(origin.remote.address, "192.0.2.1");
    assert_eq!(origin.server.unwrap().port, 8443);
    assert_eq!(origin.route_parameters, [("id".to_owned(), "7".to_owned())]);
    assert_eq!(
        origin.request_id.as_str(),
        RequestId::from_number(1).as_str()
    );
}

#[test]
fn targets_are_what_the_parts_make() {
    for (script_name, path_info, query, expected) in [
        ("", "/", None, Some("/")),
        ("", "", None, Some("/")),
        ("", "", Some(""), Some("/?")),
        ("/a", "", None, Some("/a")),
        ("/a", "/", Some("?x=/y"), Some("/a/??x=/y")),
        ("", "*", None, Some("*")),
        ("", "//b", None, Some("//b")),
        ("/a", "*", None, None),
        ("/a/", "/b", None, None),
        ("a", "/b", None, None),
        ("/a", "b", None, None),
        ("", "http://a.example/", None, None),
        ("", "/a?b", None, None),
        ("", "/a?b", Some("c"), None),
        ("", "/a#b", None, None),
        ("", "/a", Some("b#c"), None),
        ("", "/a b", None, None),
        ("", "/a\r\nb", None, None),
        ("", "/", Some("a b"), None),
    ] {
        let made = target(script_name, path_info, query);
        let made = made.ok().map(|target| target.to_string());
        assert_eq!(
            made.as_deref(),
            expected,
            "{script_name} {path_info} {query:?}"
        );
    }
}

#[test]
fn what_is_not_http_is_refused_with_a_reason() {
    let error = refused(|environ| environ.request_method = "GET /".to_owned());
    assert!(error.contains("request-method"), "{error}");
    let error = refused(|environ| environ.server_protocol = "SPDY".to_owned());
    assert!(error.contains("server-protocol"), "{error}");
    let error = refused(|environ| environ.path_info = "a".to_owned());
    assert!(error.contains("path-info"), "{error}");
    let error = refused(|environ| environ.headers[0].0 = "a b".to_owned());
    assert!(error.contains("token"), "{error}");
    let error = refused(|environ| environ.headers[0].1 = b"a\r\nb: c".to_vec());
    assert!(error.contains("control character"), "{error}");
    let error = refused(|environ| environ.headers = vec![("a".to_owned(), vec![]); FIELDS_MAX + 1]);
    assert!(error.contains("fields"), "{error}");
    let error = refused(|environ| environ.headers[0].1 = vec![b'a'; FIELD_BYTES_MAX]);
    assert!(error.contains("bytes"), "{error}");
}

#[test]
fn lengths_are_one_number() {
    for (lengths, is_good) in [
        (&["5"][..], true),
        (&["5", "5"], true),
        (&["5", "6"], false),
        (&["-5"], false),
        (&["5, 5"], false),
        (&[""], false),
    ] {
        let field = |length: &&str| ("content-length".to_owned(), length.as_bytes().to_vec());
        let made = headers(lengths.iter().map(field).collect());
        assert_eq!(made.is_ok(), is_good, "{lengths:?}");
    }
}
