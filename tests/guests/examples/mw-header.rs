//! A middleware that adds the field `x-mw-request` to the request, and `x-mw-response` to the
//! response. With `request=TEXT` and `response=TEXT` these are the values; otherwise `1`.

use fixture_guests::parameter;
use wasgi_guest::{Next, Request, Response, Result};

fn handle(mut request: Request, next: Next) -> Result<Response> {
    let value = |name| parameter::<String>(&request, name).unwrap_or_else(|| "1".to_owned());
    let (to_app, to_client) = (value("request"), value("response"));
    request.set_header("x-mw-request", to_app);
    Ok(next.call(request)?.header("x-mw-response", to_client))
}

wasgi_guest::middleware!(handle);
