//! A CGI program (RFC 3875): the request is its environment and its standard input, the response
//! is what it prints. It runs once for each request.

#![forbid(unsafe_code)]

use std::env;
use std::io::{self, Read, Write};

/// Bytes of a body that are held in memory at one time.
const BODY_MAX: usize = 64 * 1024;

fn main() -> io::Result<()> {
    let variable = |name| env::var(name).unwrap_or_default();
    let (method, path) = (variable("REQUEST_METHOD"), variable("PATH_INFO"));
    let mut body = Vec::new();
    io::stdin()
        .take(BODY_MAX as u64 + 1)
        .read_to_end(&mut body)?;
    let response = answer(&method, &path, &body);
    io::stdout().write_all(response.as_bytes())
}

/// A head, an empty line, and a body. The field `Status` is for what is not 200.
fn answer(method: &str, path: &str, body: &[u8]) -> String {
    let (status, text) = match (method, path) {
        ("GET" | "HEAD", "" | "/") => ("200 OK", "Hello from app-name\n".to_owned()),
        ("POST", "/count") if body.len() > BODY_MAX => {
            ("413 Content Too Large", "Too large\n".to_owned())
        }
        ("POST", "/count") => {
            let words = String::from_utf8_lossy(body).split_whitespace().count();
            ("200 OK", format!("{words} words\n"))
        }
        _ => ("404 Not Found", "Not found\n".to_owned()),
    };
    format!("Status: {status}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}")
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn words_are_counted() {
        assert!(answer("POST", "/count", b"to be or not").ends_with("\r\n\r\n4 words\n"));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert!(answer("GET", "/nothing", b"").starts_with("Status: 404 Not Found\r\n"));
    }
}
