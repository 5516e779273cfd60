use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::support::{Host, Response};

/// Who keeps cookies from one request to the next, as a browser does.
pub(crate) struct Visitor<'a> {
    host: &'a Host,
    cookies: BTreeMap<String, String>,
}

impl<'a> Visitor<'a> {
    pub(crate) fn new(host: &'a Host) -> Self {
        let cookies = BTreeMap::new();
        Self { host, cookies }
    }

    /// The value of a cookie that was set.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Keep a cookie.
    pub(crate) fn keep(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn get(&mut self, target: &str) -> Response {
        self.send("GET", target, "", "")
    }

    /// Send a form.
    pub(crate) fn post(&mut self, target: &str, form: &[(&str, &str)]) -> Response {
        let pairs = form
            .iter()
            .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let kind = "application/x-www-form-urlencoded";
        self.send("POST", target, kind, &body)
    }

    /// Send a request with a body of this kind.
    pub(crate) fn send(&mut self, method: &str, target: &str, kind: &str, body: &str) -> Response {
        let mut request = format!("{method} {target} HTTP/1.1\r\nhost: test\r\n");
        if !kind.is_empty() {
            let length = body.len();
            write!(
                request,
                "content-type: {kind}\r\ncontent-length: {length}\r\n"
            )
            .unwrap();
        }
        if !self.cookies.is_empty() {
            let pairs = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            let pairs = pairs.collect::<Vec<_>>().join("; ");
            write!(request, "cookie: {pairs}\r\n").unwrap();
        }
        let response = self.host.send(format!("{request}\r\n{body}"));
        for cookie in response.all("set-cookie") {
            let pair = std::str::from_utf8(cookie).unwrap().split(';').next();
            let (name, value) = pair.unwrap().split_once('=').unwrap();
            self.keep(name, value);
        }
        response
    }
}

/// The value of a field of a form in a page.
pub(crate) fn value_of<'p>(page: &'p str, name: &str) -> &'p str {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = page
        .split_once(&start)
        .unwrap_or_else(|| panic!("{name} is not in {page}"));
    rest.split('"').next().unwrap()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").unwrap();
        }
    }
    escaped
}
