//! A middleware that hands everything on as it is.

use wasgi_guest::{Next, Request, Response, Result};

fn handle(request: Request, next: Next) -> Result<Response> {
    next.call(request)
}

wasgi_guest::middleware!(handle);
