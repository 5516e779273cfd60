//! Allocates and touches `mib` MiB, and dies of it if there is no more memory.

use std::hint::black_box;

use fixture_guests::parameter;
use wasgi_guest::{Request, Response};

#[expect(clippy::needless_pass_by_value, reason = "a handler owns its request")]
fn handle(request: Request) -> Response {
    let mib = parameter(&request, "mib").unwrap_or(1);
    let kept: Vec<Vec<u8>> = (0..mib).map(|_| black_box(vec![1; 1024 * 1024])).collect();
    Response::text(format!("grew {}\n", kept.len()))
}

wasgi_guest::export!(handle);
