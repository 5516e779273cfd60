//! Ends the lines of its head as `ends` says: `lf`, `crlf` or `mixed`.

use guest::parameter;

#[expect(clippy::disallowed_methods, reason = "it is what describes a request")]
#[expect(clippy::print_stdout, reason = "it is how a CGI program answers")]
fn main() {
    let query = std::env::var("QUERY_STRING").unwrap_or_default();
    let ends: String = parameter(&query, "ends").unwrap_or_default();
    let (first, second, last) = match ends.as_str() {
        "lf" => ("\n", "\n", "\n"),
        "crlf" => ("\r\n", "\r\n", "\r\n"),
        _ => ("\n", "\r\n", "\n"),
    };
    // The body begins with line ends of its own, which are none of the head's.
    print!("Content-Type: text/plain{first}X-Second: yes{second}{last}\n\r\nbody\n");
}
