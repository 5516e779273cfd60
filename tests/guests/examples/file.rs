//! Answers with the file `read`, or writes the request's body to the file `write`.

use std::fs::File;
use std::io::Write;

use fixture_guests::parameter;
use wasgi_guest::{Request, Response, Result};

fn handle(request: Request) -> Response {
    let done = match parameter::<String>(&request, "read") {
        Some(path) => read(&path),
        None => write(request),
    };
    done.unwrap_or_else(|error| Response::text(format!("{error:?}\n")).status(500))
}

fn read(path: &str) -> Result<Response> {
    Ok(Response::text(std::fs::read(path)?))
}

fn write(request: Request) -> Result<Response> {
    let path: String = parameter(&request, "write").ok_or("no `read` and no `write`")?;
    let mut file = File::create(path)?;
    for chunk in request.into_body() {
        file.write_all(&chunk?)?;
    }
    Ok(Response::text("written\n"))
}

wasgi_guest::export!(handle);
