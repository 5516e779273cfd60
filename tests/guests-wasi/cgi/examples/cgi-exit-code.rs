//! Ends with the exit code `code`: after its answer, or before any (`when=before`).

use guest::parameter;

#[expect(clippy::disallowed_methods, reason = "it is what describes a request")]
#[expect(clippy::print_stdout, reason = "it is how a CGI program answers")]
fn main() {
    let query = std::env::var("QUERY_STRING").unwrap_or_default();
    if parameter::<String>(&query, "when").as_deref() != Some("before") {
        print!("Content-Type: text/plain\r\n\r\nanswered\n");
    }
    std::process::exit(parameter(&query, "code").unwrap_or(0));
}
