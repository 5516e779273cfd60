//! Writes `lines` lines of `size` bytes to its log, `to` stdout or stderr.

use guest::{Reply, Request, Result};

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is what this guest does"
)]
async fn handle(request: Request, reply: Reply) -> Result {
    let text = "x".repeat(request.parameter("size").unwrap_or(4));
    let to_stderr = request.parameter::<String>("to").as_deref() == Some("stderr");
    for i in 0..request.parameter("lines").unwrap_or(1) {
        match to_stderr {
            true => eprintln!("line {i} {text}"),
            false => println!("line {i} {text}"),
        }
    }
    reply.text("logged\n").await
}

guest::export!(handle);
