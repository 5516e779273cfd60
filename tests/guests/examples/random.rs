//! Answers with 16 random bytes in hexadecimal.

use wasgi_guest::{Request, Response};

fn handle(_: Request) -> Response {
    let bytes = wasip2::random::random::get_random_bytes(16);
    Response::text(
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>(),
    )
}

wasgi_guest::export!(handle);
