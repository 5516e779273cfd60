//! A web application: one function from a request to a response.

#![forbid(unsafe_code)]

use wasgi_guest::http::Method;
use wasgi_guest::{Request, Response, Result};

fn handle(mut request: Request) -> Result<Response> {
    match (request.method().clone(), request.path()) {
        (Method::GET | Method::HEAD, "/") => Ok(Response::text("Hello from app-name\n")),
        (Method::POST, "/count") => {
            let text = String::from_utf8(request.body().read_all(BODY_MAX)?)?;
            Ok(Response::text(format!("{} words\n", words(&text))))
        }
        _ => Ok(Response::text("Not found\n").status(404)),
    }
}

wasgi_guest::export!(handle);

/// Bytes of a body that are held in memory at one time.
const BODY_MAX: usize = 64 * 1024;

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_what_stands_between_spaces() {
        assert_eq!(words(" to be\nor not "), 4);
        assert_eq!(words(""), 0);
    }
}
