//! Answers with `Status:` and the text `status`, in which `+` is a space.

use guest::parameter;

#[expect(clippy::disallowed_methods, reason = "it is what describes a request")]
#[expect(clippy::print_stdout, reason = "it is how a CGI program answers")]
fn main() {
    let query = std::env::var("QUERY_STRING").unwrap_or_default();
    let status: String = parameter(&query, "status").unwrap_or_default();
    let status = status.replace('+', " ");
    print!("Status: {status}\r\nContent-Type: text/plain\r\n\r\nstatus\n");
}
