use std::fs;

use self::upstream::Upstream;
use crate::parity::case::Case;
use crate::support::{Chunk, Connection, Host, get};

/// One test, for the contracts whose fixtures send requests, and for both isolations.
macro_rules! sends {
    ($name:ident, |$case:ident| $body:block) => {
        parity!(
            $name,
            [native, http02, http03] because "a core module cannot import `wasi:http`",
            |$case| $body
        );
    };
}

/// Each limit of the requests, hit.
mod limits;
/// Sockets that guests connect by themselves.
mod sockets;
/// The other side of the requests.
mod upstream;

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/// A host whose app may send requests to the upstream, with more of its `[app.outbound]` table.
fn granted(case: &Case, upstream: &Upstream, more: &str) -> Host {
    granted_url(case, &upstream.url(), more)
}

fn granted_url(case: &Case, url: &str, more: &str) -> Host {
    let table = format!("[app.outbound]\nallow = ['{url}']\n{more}");
    case.alone("fetch", &table)
}

/// The target of the guest that goes to this URL, with more of its query.
fn fetch(case: &Case, url: &str, more: &str) -> String {
    case.target(&format!("/fetch?url={url}{more}"))
}

/// Make a guest send a request, which is not answered yet.
fn begin(host: &Host, target: &str) -> Connection {
    let mut connection = host.connect();
    connection.send(get(target));
    connection
}

/// Expect that the guest is told this error.
fn fails(host: &Host, request: impl AsRef<[u8]>, error: &str) {
    let mut connection = host.connect();
    connection.send(request);
    fails_with(&mut connection, error);
}

fn fails_with(connection: &mut Connection, error: &str) {
    let response = connection.response();
    let expected = format!("error: {error}\n");
    assert_eq!((response.status, response.text()), (200, expected.as_str()));
}

/// Expect that the stream breaks off after this text, and that the guest tells why.
fn breaks_off(host: &Host, connection: &mut Connection, text: &str, error: &str) {
    let response = connection.response();
    assert_eq!((response.status, response.text()), (200, text));
    assert!(!response.is_complete);
    tells(host, error);
}

/// Expect that the guest has told why a response broke off. Version 0.3 of the contract gives it
/// the error's name, version 0.2 a description.
fn tells(host: &Host, error: &str) {
    let line = host.stderr().wait_for(&["the response broke off"]);
    let words = line.replace(' ', "").to_lowercase();
    assert!(words.contains(&error.to_lowercase()), "{line}");
}

sends!(a_granted_host_is_reached, |case| {
    let upstream = Upstream::start();
    let host = granted(case, &upstream, "");
    let url = format!("{}/path?a=b", upstream.url());
    let mut connection = begin(&host, &fetch(case, &url, "&field=x-kept"));
    let mut accepted = upstream.accept();
    let mut head = accepted.head();
    assert_eq!(head.remove(0), "GET /path?a=b HTTP/1.1");
    head.sort();
    let host_field = format!("host: 127.0.0.1:{}", upstream.port());
    assert_eq!(head, [host_field.as_str(), "x-kept: 1"]);
    accepted.send("HTTP/1.1 404 Not Found\r\ncontent-length: 5\r\n\r\nhello");
    let response = connection.response();
    assert_eq!((response.status, response.text()), (404, "hello"));
    assert!(response.is_complete);
});

sends!(bodies_are_streamed_both_ways, |case| {
    let upstream = Upstream::start();
    let host = granted(case, &upstream, "");
    let target = fetch(case, &upstream.url(), "&method=POST");
    let mut connection = host.connect();
    connection.send(format!(
        "POST {target} HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n\
         5\r\nfirst\r\n"
    ));
    let mut accepted = upstream.accept();
    assert_eq!(accepted.head()[0], "POST / HTTP/1.1");
    assert_eq!(accepted.chunk(), "first");
    connection.send("6\r\nsecond\r\n0\r\n\r\n");
    assert_eq!(accepted.chunk(), "second");
    assert_eq!(accepted.chunk(), "");
    accepted.send(format!("{CHUNKED}3\r\none\r\n"));
    assert_eq!(connection.head().status, 200);
    assert_eq!(connection.data(), b"one");
    accepted.send("3\r\ntwo\r\n0\r\n\r\n");
    assert_eq!(connection.data(), b"two");
    assert_eq!(connection.chunk(), Chunk::End(Vec::new()));
});

sends!(nothing_is_reached_without_a_table, |case| {
    let upstream = Upstream::start();
    let host = case.alone("fetch", "");
    for url in [
        upstream.url(),
        format!("http://localhost:{}", upstream.port()),
        "https://example.com".to_owned(),
    ] {
        let target = fetch(case, &url, "");
        fails(&host, get(&target), "HttpRequestDenied");
    }
    assert!(upstream.is_unvisited());
});

sends!(what_is_not_granted_is_denied, |case| {
    let (upstream, other) = (Upstream::start(), Upstream::start());
    let host = granted(case, &upstream, "");
    let port = upstream.port();
    for url in [
        other.url(),
        format!("https://127.0.0.1:{port}"),
        format!("http://127.0.0.2:{port}"),
        format!("http://localhost:{port}"),
    ] {
        fails(&host, get(&fetch(case, &url, "")), "HttpRequestDenied");
    }
    assert!(upstream.is_unvisited() && other.is_unvisited());
});

sends!(localhost_is_reached_if_it_is_granted, |case| {
    let upstream = Upstream::start();
    let url = format!("http://localhost:{}", upstream.port());
    let host = granted_url(case, &url, "");
    let mut connection = begin(&host, &fetch(case, &url, ""));
    let head = upstream.accept().answer("hello");
    assert!(head.contains(&format!("host: localhost:{}", upstream.port())));
    assert_eq!(connection.response().text(), "hello");
});

/// Names of the loopback that this machine knows besides `localhost`.
fn other_names() -> Vec<String> {
    let hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    let lines = hosts.lines().map(str::split_whitespace);
    let names = lines.filter_map(|mut words| words.next()?.starts_with("127.").then_some(words));
    let is_name = |name: &&str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let mut names: Vec<_> = names.flatten().filter(is_name).map(str::to_owned).collect();
    names.retain(|name| name != "localhost");
    names
}

sends!(another_name_does_not_lead_to_the_loopback, |case| {
    let upstream = Upstream::start();
    let port = upstream.port();
    for name in other_names() {
        let url = format!("http://{name}:{port}");
        let host = granted_url(case, &url, "");
        let request = get(&fetch(case, &url, ""));
        fails(&host, request, "DestinationIpProhibited");
    }
    let host = granted_url(case, &format!("http://*.localhost:{port}"), "");
    let target = fetch(case, &format!("http://localhost:{port}"), "");
    fails(&host, get(&target), "HttpRequestDenied");
    // Whether it is an address of the loopback, or none at all, the machine's resolver decides.
    let response = host.get(&fetch(case, &format!("http://a.localhost:{port}"), ""));
    let errors = ["DestinationIpProhibited", "DnsError", "ConnectionTimeout"];
    let error = response.text().trim().strip_prefix("error: ").unwrap();
    assert!(errors.contains(&error), "{error}");
    assert!(upstream.is_unvisited());
});

sends!(names_of_a_granted_private_network_are_reached, |case| {
    let upstream = Upstream::start();
    let mut names = other_names();
    names.push("localhost".to_owned());
    for name in names {
        let url = format!("http://{name}:{}", upstream.port());
        let host = granted_url(case, &url, "private = ['127.0.0.0/8']");
        let mut connection = begin(&host, &fetch(case, &url, ""));
        upstream.accept().answer("hello");
        assert_eq!(connection.response().text(), "hello");
    }
});

sends!(a_port_where_nobody_listens_is_told, |case| {
    let upstream = Upstream::start();
    let host = granted(case, &upstream, "");
    let target = fetch(case, &upstream.url(), "");
    drop(upstream);
    fails(&host, get(&target), "ConnectionRefused");
});

sends!(a_connection_is_kept_for_the_next_request, |case| {
    let upstream = Upstream::start();
    let host = granted(case, &upstream, "");
    let mut connection = begin(&host, &fetch(case, &upstream.url(), "&twice=1"));
    let mut accepted = upstream.accept();
    accepted.answer("first");
    accepted.answer("second");
    assert_eq!(connection.response().text(), "second");
    // It is the app's, not the instance's.
    let mut connection = begin(&host, &fetch(case, &upstream.url(), ""));
    accepted.answer("third");
    assert_eq!(connection.response().text(), "third");
    assert!(upstream.is_unvisited());
});

sends!(a_redirect_is_not_followed, |case| {
    let (upstream, other) = (Upstream::start(), Upstream::start());
    let host = granted(case, &upstream, "");
    let mut connection = begin(&host, &fetch(case, &upstream.url(), ""));
    let mut accepted = upstream.accept();
    accepted.head();
    let location = other.url();
    accepted.send(format!(
        "HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
    ));
    assert_eq!(connection.response().status, 302);
    assert!(upstream.is_unvisited() && other.is_unvisited());
});

sends!(fields_of_the_connection_are_the_hosts, |case| {
    let upstream = Upstream::start();
    let host = granted(case, &upstream, "");
    for name in [
        "connection",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "transfer-encoding",
        "upgrade",
    ] {
        let target = fetch(case, &upstream.url(), &format!("&field={name}"));
        fails(&host, get(&target), "Forbidden");
    }
    assert!(upstream.is_unvisited());
    let mut connection = begin(&host, &fetch(case, &upstream.url(), "&field=te"));
    let head = upstream.accept().answer("hello");
    let host_field = format!("host: 127.0.0.1:{}", upstream.port());
    assert_eq!(head[1..], [host_field]);
    assert_eq!(connection.response().text(), "hello");
});

sends!(a_connection_that_breaks_off_is_told, |case| {
    let upstream = Upstream::start();
    let target = fetch(case, &upstream.url(), "");
    let host = granted(case, &upstream, "");
    let mut connection = begin(&host, &target);
    upstream.accept().head();
    fails_with(&mut connection, "ConnectionTerminated");

    for answer in [
        format!("{CHUNKED}5\r\nhello\r\n"),
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello".to_owned(),
    ] {
        let host = granted(case, &upstream, "");
        let mut connection = begin(&host, &target);
        let mut accepted = upstream.accept();
        accepted.head();
        accepted.send(answer);
        drop(accepted);
        breaks_off(&host, &mut connection, "hello", "ConnectionTerminated");
    }
});

sends!(a_client_that_leaves_ends_the_exchange, |case| {
    let upstream = Upstream::start();
    let host = granted(case, &upstream, "");
    let target = fetch(case, &upstream.url(), "");
    let connection = begin(&host, &target);
    let mut accepted = upstream.accept();
    accepted.head();
    drop(connection);
    assert!(accepted.is_closed());

    let mut connection = begin(&host, &target);
    let mut accepted = upstream.accept();
    accepted.head();
    accepted.send(format!("{CHUNKED}5\r\nhello\r\n"));
    assert_eq!(connection.head().status, 200);
    assert_eq!(connection.data(), b"hello");
    drop(connection);
    assert!(accepted.is_closed());
});
