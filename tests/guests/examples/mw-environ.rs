//! A middleware that answers with what it is granted: the environment variables, the arguments and
//! the folders. With the query `next` it hands on instead.

use wasgi_guest::{Next, Request, Response, Result};
use wasip2::filesystem::preopens;

fn handle(request: Request, next: Next) -> Result<Response> {
    if request.query() == Some("next") {
        return next.call(request);
    }
    let variables = std::env::vars().map(|(name, value)| format!("{name}={value}\n"));
    let arguments = std::env::args()
        .enumerate()
        .map(|(i, value)| format!("arg {i}={value}\n"));
    let folders = preopens::get_directories();
    let folders = folders.iter().map(|(_, name)| format!("folder {name}\n"));
    Ok(Response::text(
        variables
            .chain(arguments)
            .chain(folders)
            .collect::<String>(),
    ))
}

wasgi_guest::middleware!(handle);
