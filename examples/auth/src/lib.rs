//! HTTP Basic authentication (RFC 7617) in front of any application.
//!
//! Owns who may pass, and what the application is told of them. The credentials come from this
//! middleware's own environment, which the application behind it cannot see.

#![forbid(unsafe_code)]

mod credentials;

use wasgi_guest::{Environ, Next, Request, Response, Result};

use crate::credentials::Credentials;

/// The field that tells the application who asks. A client cannot send it.
const USER_FIELD: &str = "x-remote-user";

fn handle(mut request: Request, next: Next) -> Result<Response> {
    let Some(granted) = Credentials::granted(variable("AUTH_USER"), variable("AUTH_PASSWORD"))
    else {
        let text = "No one may pass: the manifest grants no AUTH_USER and AUTH_PASSWORD.\n";
        return Ok(Response::text(text).status(503));
    };
    if !request
        .header("authorization")
        .is_some_and(|sent| granted.are_in(sent))
    {
        return Ok(Response::text("Who are you?\n")
            .status(401)
            .header("www-authenticate", CHALLENGE));
    }
    forget_claims(request.environ_mut());
    request.set_header(USER_FIELD, granted.user());
    next.call(request)
}

const CHALLENGE: &str = r#"Basic realm="wasgi", charset="UTF-8""#;

wasgi_guest::middleware!(handle);

#[expect(
    clippy::disallowed_methods,
    reason = "a guest's variables are the manifest's"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Removes what the client says of who it is. To the application the password is of no use, and
/// the user is the one that this middleware names.
fn forget_claims(environ: &mut Environ) {
    environ.headers.retain(|(name, _)| {
        // CGI gives `x_remote_user` and `x-remote-user` the same variable.
        let name = name.replace('_', "-");
        name != USER_FIELD && name != "authorization"
    });
}

#[cfg(test)]
mod tests {
    use super::forget_claims;
    use wasgi_guest::Environ;

    #[test]
    fn a_client_cannot_say_who_it_is() {
        let names = [
            "accept",
            "x-remote-user",
            "x_remote-user",
            "x_remote_user",
            "authorization",
            "x-remote-users",
        ];
        let mut environ = Environ {
            request_method: "GET".to_owned(),
            url_scheme: "http".to_owned(),
            server_name: "localhost".to_owned(),
            server_port: 80,
            script_name: String::new(),
            path_info: "/".to_owned(),
            query_string: None,
            server_protocol: "HTTP/1.1".to_owned(),
            remote: None,
            tls: None,
            request_id: "1".to_owned(),
            route_parameters: Vec::new(),
            headers: names.map(|name| (name.to_owned(), b"x".to_vec())).to_vec(),
        };
        forget_claims(&mut environ);
        let left: Vec<_> = environ.headers.iter().map(|(name, _)| name).collect();
        assert_eq!(left, ["accept", "x-remote-users"]);
    }
}
