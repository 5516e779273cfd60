//! Ends without a complete head: it prints nothing, text that is no head (`case=text`), the begin
//! of one (`case=partial`), or one that never ends (`case=endless`).

use std::io::{self, Write as _};

use guest::parameter;

#[expect(clippy::disallowed_methods, reason = "it is what describes a request")]
fn main() {
    let query = std::env::var("QUERY_STRING").unwrap_or_default();
    let case: String = parameter(&query, "case").unwrap_or_default();
    let mut output = io::stdout().lock();
    let printed = match case.as_str() {
        "text" => output.write_all(b"just some text\n\nand more\n"),
        "partial" => output.write_all(b"Content-Type: text/plain\r\n"),
        "endless" => loop {
            if let Err(error) = output.write_all(b"X-More: and more\r\n") {
                break Err(error);
            }
        },
        _ => Ok(()),
    };
    drop(printed.and_then(|()| output.flush()));
}
