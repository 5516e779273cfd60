//! Cross-origin requests: which other sites' scripts may use the application.
//!
//! Owns the decision and the `access-control-*` fields of the Fetch standard. Requests without an
//! origin, and from others than those that are allowed, are answered without these fields: it is
//! browsers that enforce them.

use wasgi_guest::{Request, Response, http::Method};

/// What one request's origin may do.
pub(crate) struct Cors {
    /// The origin, if it is allowed.
    origin: Option<String>,
    /// Whether any origin is: then the answer depends on it.
    is_on: bool,
}

impl Cors {
    /// `allowed` has origins with spaces between them.
    pub(crate) fn new(allowed: &str, origin: Option<&str>) -> Self {
        let mut origins = allowed.split_whitespace();
        Self {
            is_on: !allowed.trim().is_empty(),
            origin: origin
                .filter(|origin| origins.any(|allowed| allowed == *origin))
                .map(str::to_owned),
        }
    }

    /// The answer to a browser that asks what the origin may do.
    pub(crate) fn answer_preflight(self) -> Response {
        let is_allowed = self.origin.is_some();
        let response = self.allow(Response::new(204));
        if !is_allowed {
            return response;
        }
        response
            .header(
                "access-control-allow-methods",
                "GET, HEAD, POST, PUT, PATCH, DELETE",
            )
            .header(
                "access-control-allow-headers",
                "authorization, content-type",
            )
            .header("access-control-max-age", "600")
    }

    /// Let the origin's scripts read the response. What the application says of this is replaced.
    pub(crate) fn allow(self, response: Response) -> Response {
        if !self.is_on {
            return response;
        }
        // The answer differs by origin, which caches must know.
        let response = response.header("vary", "origin");
        match self.origin {
            Some(origin) => response
                .set_header("access-control-allow-origin", origin)
                .set_header("access-control-allow-credentials", "true"),
            None => response
                .remove_header("access-control-allow-origin")
                .remove_header("access-control-allow-credentials"),
        }
    }

    /// Whether this middleware answers for the application.
    pub(crate) fn is_on(&self) -> bool {
        self.is_on
    }
}

/// Whether a browser asks before it sends the request itself.
pub(crate) fn is_preflight(request: &Request) -> bool {
    *request.method() == Method::OPTIONS
        && request.header("origin").is_some()
        && request.header("access-control-request-method").is_some()
}

#[cfg(test)]
mod tests {
    use super::Cors;
    use wasgi_guest::Response;

    const ALLOWED: &str = "https://a.example https://b.example";

    fn origin(cors: Cors) -> Option<String> {
        let response = Response::new(200).header("access-control-allow-origin", "*");
        let response = cors.allow(response);
        response
            .field("access-control-allow-origin")
            .map(str::to_owned)
    }

    #[test]
    fn only_an_allowed_origin_may_read() {
        let b = Some("https://b.example");
        assert_eq!(origin(Cors::new(ALLOWED, b)).as_deref(), b);
        for other in [
            None,
            Some("https://c.example"),
            Some("https://b.exampl"),
            Some(""),
        ] {
            assert_eq!(origin(Cors::new(ALLOWED, other)), None, "{other:?}");
        }
    }

    #[test]
    fn the_application_s_word_stands_if_nothing_is_allowed() {
        let any = Some("*".to_owned());
        assert_eq!(origin(Cors::new(" ", Some("https://a.example"))), any);
    }

    #[test]
    fn a_preflight_says_what_is_allowed() {
        let methods = |origin| {
            let answer = Cors::new(ALLOWED, Some(origin)).answer_preflight();
            assert_eq!(
                (answer.status_code(), answer.field("vary")),
                (204, Some("origin"))
            );
            answer.field("access-control-allow-methods").is_some()
        };
        assert!(methods("https://a.example"));
        assert!(!methods("https://c.example"));
    }
}
