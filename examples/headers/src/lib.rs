//! Header fields that every site wants, cross-origin requests, and a banner on every page.
//!
//! Owns what is added to and taken from a request and a response. The banner and the cross-origin
//! fields are off until a variable of this middleware's own environment asks for them.

#![forbid(unsafe_code)]

mod banner;
mod cors;

use wasgi_guest::{Body, Next, Request, Response, Result};

use crate::cors::Cors;

fn handle(mut request: Request, next: Next) -> Result<Response> {
    let cors = Cors::new(&variable("CORS_ORIGINS"), request.header("origin"));
    if cors.is_on() && cors::is_preflight(&request) {
        return Ok(cors.answer_preflight());
    }
    let banner = variable("BANNER");
    if !banner.is_empty() && wants_page(&request) {
        ask_for_whole_page(&mut request);
    }
    // For the application's own log lines. A client's word for it would be of no use there.
    let id = request.environ().request_id.clone();
    request.set_header("x-request-id", &id);

    let response = cors.allow(dress(next.call(request)?));
    let response = response.set_header("x-request-id", id);
    Ok(match banner.is_empty() {
        false if is_page(&response) => {
            response.map_body(|page| Body::chunks(banner::insert(page, banner.into_bytes())))
        }
        _ => response,
    })
}

wasgi_guest::middleware!(handle);

/// The response without the fields that reveal, and with those that protect.
fn dress(response: Response) -> Response {
    let response = REVEALING.iter().fold(response, Response::remove_header);
    SECURITY.iter().fold(response, |response, (name, value)| {
        match response.field(name) {
            Some(_) => response,
            None => response.header(name, value),
        }
    })
}

/// Fields that tell what a site is made of.
const REVEALING: [&str; 2] = ["server", "x-powered-by"];

/// Fields that make browsers careful. What the application says itself stands.
const SECURITY: [(&str, &str); 3] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "SAMEORIGIN"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
];

/// A variable of this middleware. Without it, it is empty.
#[expect(
    clippy::disallowed_methods,
    reason = "a guest's variables are the manifest's"
)]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Whether a page is welcome, as browsers say of what they show, and not of a page's parts.
fn wants_page(request: &Request) -> bool {
    request
        .header("accept")
        .is_some_and(|kinds| kinds.contains("text/html"))
}

/// Removes the fields by which a client asks for a compressed page, for a part of one, or for one
/// only if it is not what it has: the banner changes the page, and what the application knows of
/// it no longer holds.
fn ask_for_whole_page(request: &mut Request) {
    for name in ["accept-encoding", "range", "if-range", "if-none-match"] {
        request.remove_header(name);
    }
}

/// Whether the response is a whole page that is not compressed.
fn is_page(response: &Response) -> bool {
    let kind = response.field("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_plain = response
        .field("content-encoding")
        .is_none_or(|coding| coding.eq_ignore_ascii_case("identity"));
    // 206 has a part of the page, and 204 and 304 have nothing.
    let is_whole = !matches!(response.status_code(), 204 | 206 | 304);
    kind.eq_ignore_ascii_case("text/html") && is_plain && is_whole
}

#[cfg(test)]
mod tests {
    use super::{dress, is_page};
    use wasgi_guest::Response;

    #[test]
    fn the_application_s_own_fields_stand() {
        let response = dress(
            Response::text("x")
                .header("server", "secret/1.0")
                .header("x-frame-options", "DENY"),
        );
        assert_eq!(response.field("server"), None);
        assert_eq!(response.field("x-frame-options"), Some("DENY"));
        assert_eq!(response.field("x-content-type-options"), Some("nosniff"));
    }

    #[test]
    fn only_a_whole_plain_page_is_changed() {
        let page = || Response::html("<h1>x</h1>");
        assert!(is_page(&page()));
        assert!(is_page(&page().status(404)));
        assert!(is_page(&page().set_header("content-type", "Text/HTML")));
        assert!(is_page(&page().header("content-encoding", "identity")));
        assert!(!is_page(&page().header("content-encoding", "gzip")));
        assert!(!is_page(&page().status(206)));
        assert!(!is_page(&page().status(304)));
        assert!(!is_page(&Response::text("<h1>x</h1>")));
        assert!(!is_page(&Response::new(200).body("<h1>x</h1>")));
    }
}
