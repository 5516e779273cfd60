//! A middleware that moves the first segment of the path from the path info to the script name.
//! Without a segment to move it answers 404.

use wasgi_guest::{Next, Request, Response, Result};

fn handle(mut request: Request, next: Next) -> Result<Response> {
    match request.shift_path() {
        Some(_) => next.call(request),
        None => Ok(Response::text("no segment to move\n").status(404)),
    }
}

wasgi_guest::middleware!(handle);
