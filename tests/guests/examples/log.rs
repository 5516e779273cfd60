//! Writes `lines` lines of `size` bytes to its log, `to` stdout or stderr.

use fixture_guests::parameter;
use wasgi_guest::{Request, Response};

#[expect(clippy::needless_pass_by_value, reason = "a handler owns its request")]
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is what this guest does"
)]
fn handle(request: Request) -> Response {
    let text = "x".repeat(parameter(&request, "size").unwrap_or(4));
    let to_stderr = parameter::<String>(&request, "to").as_deref() == Some("stderr");
    for i in 0..parameter(&request, "lines").unwrap_or(1) {
        match to_stderr {
            true => eprintln!("line {i} {text}"),
            false => println!("line {i} {text}"),
        }
    }
    Response::text("logged\n")
}

wasgi_guest::export!(handle);
