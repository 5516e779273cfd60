//! A middleware: one function from a request, and the application behind it, to a response.

#![forbid(unsafe_code)]

use wasgi_guest::{Next, Request, Response, Result};

fn handle(mut request: Request, next: Next) -> Result<Response> {
    if is_private(request.path()) {
        return Ok(Response::text("Not found\n").status(404));
    }
    // The application behind can trust this field: a client's own is replaced.
    let id = request.environ().request_id.clone();
    request.set_header("x-request-id", &id);
    let response = next.call(request)?;
    let greeting = std::env::var("GREETING").unwrap_or_default();
    Ok(response
        .set_header("x-request-id", id)
        .set_header("x-greeting", greeting))
}

wasgi_guest::middleware!(handle);

/// Whether a path is hidden from everybody: one with a name that begins with a dot, such as `.env`.
fn is_private(path: &str) -> bool {
    path.split('/').any(|name| name.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::is_private;

    #[test]
    fn names_that_begin_with_a_dot_are_private() {
        for path in ["/.env", "/a/.git/config"] {
            assert!(is_private(path), "{path}");
        }
        for path in ["/", "/a.b", "/a/b."] {
            assert!(!is_private(path), "{path}");
        }
    }
}
