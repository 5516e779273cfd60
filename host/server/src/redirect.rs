//! Local redirects: a response that stands in for another's (RFC 3875, section 6.2.2).

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, TRANSFER_ENCODING};
use http::request::Parts;
use http::{Method, Request, Response, Uri};
use http_body_util::Empty;
use wasgi_gateway::{Body, Error, Kind, LocalRedirect};

use crate::exchange::Exchange;
use crate::handler::{Routed, dispatch, route};

/// Redirects that one request may take.
const LOCAL_REDIRECTS_MAX: usize = 10;

/// Answers with whatever the response redirects to, if it does.
pub(crate) async fn follow(
    exchange: &mut Exchange,
    mut parts: Parts,
    mut response: Response<Body>,
) -> Result<Response<Body>, Error> {
    // Limit: LOCAL_REDIRECTS_MAX
    for _ in 0..LOCAL_REDIRECTS_MAX {
        let Some(LocalRedirect(target)) = response.extensions_mut().remove() else {
            return Ok(response);
        };
        become_request_for(&mut parts, &target)?;
        let route = match route(exchange, &parts).await? {
            Routed::App(route) => route,
            Routed::Redirect(response) => return Ok(response),
        };
        let request = Request::from_parts(parts.clone(), Empty::new());
        response = dispatch(exchange, route, request).await?;
    }
    match response.extensions().get::<LocalRedirect>() {
        None => Ok(response),
        Some(_) => Err(Error::new(
            Kind::BadResponse,
            format!("it redirected locally more than {LOCAL_REDIRECTS_MAX} times"),
        )),
    }
}

/// Makes a head that of a request for the target: one without a body.
fn become_request_for(parts: &mut Parts, target: &str) -> Result<(), Error> {
    let mut uri = std::mem::take(&mut parts.uri).into_parts();
    let bad = || {
        Error::new(
            Kind::BadResponse,
            format!("it redirected to {target:?}: expected a path and perhaps a query"),
        )
    };
    uri.path_and_query = Some(target.parse().map_err(|_| bad())?);
    parts.uri = Uri::from_parts(uri).map_err(|_| bad())?;
    if parts.method != Method::HEAD {
        parts.method = Method::GET;
    }
    for name in [
        CONTENT_ENCODING,
        CONTENT_LENGTH,
        CONTENT_TYPE,
        EXPECT,
        TRANSFER_ENCODING,
    ] {
        parts.headers.remove(name);
    }
    Ok(())
}
