use std::net::SocketAddr;

use crate::support::{Host, Isolation, Response, Setup, get};

/// What the guest `environ` saw.
struct Environ {
    lines: Vec<Vec<u8>>,
}

impl Environ {
    fn of(response: &Response) -> Self {
        assert_eq!(response.status, 200, "{response:?}");
        let lines = response
            .body
            .split(|&b| b == b'\n')
            .map(<[u8]>::to_vec)
            .collect();
        Self { lines }
    }

    fn get(&self, name: &str) -> &str {
        let start = format!("{name}=");
        let value = self
            .lines
            .iter()
            .find_map(|line| line.strip_prefix(start.as_bytes()));
        let value = value.unwrap_or_else(|| panic!("there is no {name}"));
        std::str::from_utf8(value).unwrap()
    }

    /// The header fields whose names start so, in their order.
    fn headers(&self, start: &str) -> Vec<(String, Vec<u8>)> {
        let fields = self
            .lines
            .iter()
            .filter_map(|line| line.strip_prefix(b"header "));
        let fields = fields.map(|field| {
            let end = field.iter().position(|&b| b == b'=').unwrap();
            (
                String::from_utf8(field[..end].to_vec()).unwrap(),
                field[end + 1..].to_vec(),
            )
        });
        fields.filter(|(name, _)| name.starts_with(start)).collect()
    }
}

/// Send a GET for `/environ` with these field lines.
fn environ_with(host: &Host, fields: impl AsRef<[u8]>) -> Environ {
    let parts = [
        b"GET /environ HTTP/1.1\r\n".as_slice(),
        fields.as_ref(),
        b"\r\n\r\n",
    ];
    Environ::of(&host.send(parts.concat()))
}

both!(describes_a_plain_request, |host| {
    let mut connection = host.connect();
    let client: SocketAddr = connection.stream().local_addr().unwrap();
    connection.send(get("/environ"));
    let environ = Environ::of(&connection.response());
    assert_eq!(environ.get("request-method"), "GET");
    assert_eq!(environ.get("url-scheme"), "http");
    assert_eq!(environ.get("server-name"), "test");
    assert_eq!(environ.get("server-port"), "80");
    assert_eq!(environ.get("script-name"), "/environ");
    assert_eq!(environ.get("path-info"), "");
    assert_eq!(environ.get("query-string"), "none");
    assert_eq!(environ.get("server-protocol"), "HTTP/1.1");
    assert_eq!(environ.get("remote"), client.to_string());
    assert_eq!(environ.get("tls"), "none");
    assert_eq!(environ.headers(""), [("host".to_owned(), b"test".to_vec())]);
});

both!(names_each_request, |host| {
    let names: Vec<_> = (0..10)
        .map(|_| {
            Environ::of(&host.get("/environ"))
                .get("request-id")
                .to_owned()
        })
        .collect();
    for (n, name) in names.iter().enumerate() {
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        assert!(
            (1..=64).contains(&name.len()) && name.bytes().all(is_allowed),
            "{name}"
        );
        assert!(!names[..n].contains(name), "{name} twice");
    }
});

both!(keeps_the_path_as_it_was_sent, |host| {
    for path in [
        "/",
        "//",
        "/a%2Fb/%C3%A9/%41",
        "/a/../b/./c",
        "/x//y/",
        "/~!$&'()*+,;=:@",
    ] {
        let environ = Environ::of(&host.get(&format!("/environ{path}")));
        assert_eq!(
            (environ.get("script-name"), environ.get("path-info")),
            ("/environ", path)
        );
    }
});

both!(tells_no_query_from_an_empty_one, |host| {
    let queries = [
        ("", "none"),
        ("?", "some()"),
        ("?a=1&b=%20c?d/e", "some(a=1&b=%20c?d/e)"),
    ];
    for (query, expected) in queries {
        let environ = Environ::of(&host.get(&format!("/environ{query}")));
        assert_eq!(environ.get("query-string"), expected);
    }
});

both!(keeps_the_method_as_it_was_sent, |host| {
    for method in [
        "GET", "POST", "DELETE", "PURGE", "get", "M-SEARCH", "OPTIONS", "TRACE",
    ] {
        let request = format!("{method} /environ HTTP/1.1\r\nhost: test\r\n\r\n");
        assert_eq!(
            Environ::of(&host.send(request)).get("request-method"),
            method
        );
    }
});

both!(names_the_protocol_of_the_request, |host| {
    let response = host.send("GET /environ HTTP/1.0\r\nhost: test\r\n\r\n");
    assert_eq!(Environ::of(&response).get("server-protocol"), "HTTP/1.0");
});

both!(takes_the_server_from_the_host_field, |host| {
    let cases = [
        ("test.example", "test.example", "80"),
        ("test.example:8080", "test.example", "8080"),
        ("127.0.0.1:81", "127.0.0.1", "81"),
        ("[::1]", "[::1]", "80"),
        ("[2001:db8::7]:8080", "[2001:db8::7]", "8080"),
    ];
    for (field, name, port) in cases {
        let environ = environ_with(host, format!("host: {field}"));
        assert_eq!(
            (environ.get("server-name"), environ.get("server-port")),
            (name, port)
        );
    }
});

both!(takes_the_listener_where_no_host_is_named, |host| {
    let port = host.address().port().to_string();
    for request in [
        "GET /environ HTTP/1.0\r\n\r\n",
        "GET /environ HTTP/1.1\r\nhost:\r\n\r\n",
    ] {
        let environ = Environ::of(&host.send(request));
        assert_eq!(environ.get("server-name"), "127.0.0.1", "{request:?}");
        assert_eq!(environ.get("server-port"), port, "{request:?}");
    }
});

both!(keeps_repeated_fields_and_their_order, |host| {
    let environ = environ_with(host, "host: test\r\nx-a: 1\r\nx-a: 2\r\nX-A: 3\r\nx-a: 1");
    let values: Vec<_> = environ
        .headers("x-a")
        .into_iter()
        .map(|(_, value)| value)
        .collect();
    assert_eq!(values, [b"1", b"2", b"3", b"1"]);
});

both!(keeps_the_order_of_fields, |host| {
    let fields = "x-5: a\r\nx-1: b\r\nhost: test\r\nconnection: keep-alive\r\nx-4: c\r\nx-2: d";
    let names: Vec<_> = environ_with(host, fields)
        .headers("x-")
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["x-5", "x-1", "x-4", "x-2"]);
});

both!(keeps_the_bytes_of_a_value, |host| {
    let fields = b"host: test\r\nX-Bytes: \xff\xfe \xc3\xa9\r\nx-empty:\r\nx-space: \t a  b \t";
    let expected = [
        ("x-bytes".to_owned(), b"\xff\xfe \xc3\xa9".to_vec()),
        ("x-empty".to_owned(), Vec::new()),
        ("x-space".to_owned(), b"a  b".to_vec()),
    ];
    assert_eq!(environ_with(host, fields).headers("x-"), expected);
});

both!(keeps_fields_of_one_connection_to_itself, |host| {
    let environ = environ_with(
        host,
        "host: test\r\nconnection: keep-alive, x-named\r\nkeep-alive: timeout=5\r\n\
         proxy-connection: keep-alive\r\nte: trailers\r\ntransfer-encoding: chunked\r\n\
         upgrade: h2c\r\nx-named: 1\r\nx-kept: 2\r\n\r\n0",
    );
    let names: Vec<_> = environ
        .headers("")
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["host", "x-kept"]);
});

both!(a_guest_can_be_mounted_anywhere, |isolation: Isolation| {
    let host = Setup::new(isolation)
        .mount("/", "environ", "")
        .mount("/shop", "environ", "")
        .mount("/shop/deep", "environ", "")
        .start();
    let cases = [
        ("/", "", "/"),
        ("/other/x", "", "/other/x"),
        ("/shop", "/shop", ""),
        ("/shop/", "/shop", "/"),
        ("/shop/x%2Fy", "/shop", "/x%2Fy"),
        ("/shopping", "", "/shopping"),
        ("/shop/deep", "/shop/deep", ""),
        ("/shop/deep/x", "/shop/deep", "/x"),
        ("/shop/deeper", "/shop", "/deeper"),
    ];
    for (target, script_name, path_info) in cases {
        let environ = Environ::of(&host.get(target));
        let names = (environ.get("script-name"), environ.get("path-info"));
        assert_eq!(names, (script_name, path_info), "{target}");
    }
});
