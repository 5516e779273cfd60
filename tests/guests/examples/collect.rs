//! Reads all of the request's body and answers with its length, or with the error.

use fixture_guests::name;
use wasgi_guest::{Request, Response};

fn handle(request: Request) -> Response {
    let mut bytes = 0;
    for chunk in request.into_body() {
        match chunk {
            Ok(chunk) => bytes += chunk.len(),
            Err(error) => {
                return Response::text(format!("input error: {}", name(&error))).status(500);
            }
        }
    }
    Response::text(bytes.to_string())
}

wasgi_guest::export!(handle);
