//! Streams `count` chunks, and logs when the host drops the body.

use std::convert::Infallible;

use fixture_guests::parameter;
use wasgi_guest::{Request, Response};

struct Chunks(std::ops::Range<u64>);

impl Iterator for Chunks {
    type Item = Result<String, Infallible>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|i| Ok(format!("chunk {i}\n")))
    }
}

impl Drop for Chunks {
    #[expect(clippy::print_stderr, reason = "it is what this guest does")]
    fn drop(&mut self) {
        eprintln!("body closed");
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a handler owns its request")]
fn handle(request: Request) -> Response {
    let count = parameter(&request, "count").unwrap_or(3);
    Response::text("").chunks(Chunks(0..count))
}

wasgi_guest::export!(handle);
