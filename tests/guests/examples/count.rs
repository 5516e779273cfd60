//! Answers with the number of requests that this instance has had, and fails at those that say how:
//! `then` is `trap`, `fail`, `bad-response` or `sleep`.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use fixture_guests::parameter;
use wasgi_guest::{Request, Response, Result};

static REQUESTS: AtomicU32 = AtomicU32::new(0);

#[expect(clippy::disallowed_methods, reason = "it is what this guest does")]
#[expect(clippy::needless_pass_by_value, reason = "a handler owns its request")]
fn handle(request: Request) -> Result<Response> {
    let count = REQUESTS.fetch_add(1, Relaxed) + 1;
    let then = parameter::<String>(&request, "then").unwrap_or_default();
    match then.as_str() {
        "trap" => std::process::abort(),
        "fail" => return Err("told to fail".into()),
        "sleep" => std::thread::sleep(Duration::from_secs(3600)),
        _ => {}
    }
    let status = if then == "bad-response" { 99 } else { 200 };
    Ok(Response::text(count.to_string()).status(status))
}

wasgi_guest::export!(handle);
