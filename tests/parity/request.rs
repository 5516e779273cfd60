use crate::support::Response;

use super::case::Case;

/// What the fixture `environ` saw.
struct Facts(String);

impl Facts {
    fn of(response: &Response) -> Self {
        assert_eq!(response.status, 200, "{response:?}");
        Self(response.text().to_owned())
    }

    /// Send a GET for the path and query, below the fixture, with these field lines.
    fn with(case: &Case, rest: &str, fields: &str) -> Self {
        let target = case.target(&format!("/environ{rest}"));
        let request = format!("GET {target} HTTP/1.1\r\n{fields}\r\n\r\n");
        Self::of(&case.host().send(request))
    }

    fn get(&self, name: &str) -> &str {
        let start = format!("{name}=");
        let value = self.0.lines().find_map(|line| line.strip_prefix(&start));
        value.unwrap_or_else(|| panic!("there is no {name} in:\n{}", self.0))
    }

    /// The whole path. The gateway's own contract names it in two parts.
    fn path(&self) -> String {
        match self.0.contains("\nscript-name=") {
            true => format!("{}{}", self.get("script-name"), self.get("path-info")),
            false => self.get("path").to_owned(),
        }
    }

    /// The header fields, in their order, without `host`, which `wasi:http` tells otherwise.
    fn headers(&self) -> Vec<(&str, &str)> {
        let fields = self
            .0
            .lines()
            .filter_map(|line| line.strip_prefix("header "));
        let fields = fields.filter_map(|field| field.split_once('='));
        fields.filter(|(name, _)| *name != "host").collect()
    }
}

parity!(describes_a_plain_request, |case| {
    let facts = Facts::with(case, "", "host: test");
    assert_eq!(facts.get("request-method"), "GET");
    assert_eq!(facts.get("url-scheme"), "http");
    assert_eq!(facts.get("server-name"), "test");
    assert_eq!(facts.get("server-port"), "80");
    assert_eq!(facts.path(), case.target("/environ"));
    assert_eq!(facts.get("query-string"), "none");
    assert_eq!(facts.headers(), []);
});

parity!(keeps_the_path_as_it_was_sent, |case| {
    for path in [
        "/",
        "//",
        "/a%2Fb/%C3%A9/%41",
        "/a/../b/./c",
        "/x//y/",
        "/~!$&'()*+,;=:@",
    ] {
        let facts = Facts::with(case, path, "host: test");
        assert_eq!(facts.path(), case.target("/environ") + path);
    }
});

parity!(tells_no_query_from_an_empty_one, |case| {
    let queries = [
        ("", "none"),
        ("?", "some()"),
        ("?a=1&b=%20c?d/e", "some(a=1&b=%20c?d/e)"),
    ];
    for (query, expected) in queries {
        let facts = Facts::with(case, query, "host: test");
        assert_eq!(facts.get("query-string"), expected);
    }
});

parity!(keeps_the_method_as_it_was_sent, |case| {
    for method in [
        "GET", "POST", "PUT", "DELETE", "PATCH", "PURGE", "get", "M-SEARCH", "OPTIONS",
    ] {
        let target = case.target("/environ");
        let request = format!("{method} {target} HTTP/1.1\r\nhost: test\r\n\r\n");
        let facts = Facts::of(&case.host().send(request));
        assert_eq!(facts.get("request-method"), method);
    }
});

parity!(takes_the_server_from_the_host_field, |case| {
    let cases = [
        ("test.example", "test.example", "80"),
        ("test.example:8080", "test.example", "8080"),
        ("127.0.0.1:81", "127.0.0.1", "81"),
        ("[::1]", "[::1]", "80"),
        ("[2001:db8::7]:8080", "[2001:db8::7]", "8080"),
    ];
    for (field, name, port) in cases {
        let facts = Facts::with(case, "", &format!("host: {field}"));
        assert_eq!(
            (facts.get("server-name"), facts.get("server-port")),
            (name, port)
        );
    }
});

parity!(takes_the_listener_where_no_host_is_named, |case| {
    let port = case.host().address().port().to_string();
    let target = case.target("/environ");
    let facts = Facts::of(&case.host().send(format!("GET {target} HTTP/1.0\r\n\r\n")));
    assert_eq!(facts.get("server-name"), "127.0.0.1");
    assert_eq!(facts.get("server-port"), port);
});

parity!(
    keeps_repeated_fields_and_their_order,
    [native, http02, http03] because "RFC 3875 joins repeated fields in one variable",
    |case| {
        let fields = "host: test\r\nx-a: 1\r\nx-a: 2\r\nX-A: 3\r\nx-a: 1";
        let facts = Facts::with(case, "", fields);
        let values: Vec<_> = facts.headers().into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["1", "2", "3", "1"]);
    }
);

parity!(keeps_values, |case| {
    let fields = "host: test\r\nX-Empty:\r\nX-Text: \t a  b, c \t\r\nx-utf: \u{e9}";
    let facts = Facts::with(case, "", fields);
    let mut headers = facts.headers();
    headers.sort_unstable();
    assert_eq!(
        headers,
        [("x-empty", ""), ("x-text", "a  b, c"), ("x-utf", "\u{e9}")]
    );
});

parity!(keeps_fields_of_one_connection_to_itself, |case| {
    let fields = "host: test\r\nconnection: keep-alive, x-named\r\nkeep-alive: timeout=5\r\n\
                  proxy-connection: keep-alive\r\nte: trailers\r\nupgrade: h2c\r\n\
                  x-named: 1\r\nx-kept: 2";
    assert_eq!(Facts::with(case, "", fields).headers(), [("x-kept", "2")]);
});
