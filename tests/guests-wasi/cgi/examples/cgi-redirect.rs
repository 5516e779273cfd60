//! Redirects to `to`, which ends the query: a path is for the server, a URI is for the client. With
//! `status`, before it, it says so itself and sends a body.

use guest::parameter;

#[expect(clippy::disallowed_methods, reason = "it is what describes a request")]
#[expect(clippy::print_stdout, reason = "it is how a CGI program answers")]
fn main() {
    let query = std::env::var("QUERY_STRING").unwrap_or_default();
    let (options, to) = query.split_once("to=").unwrap_or_default();
    print!("Location: {to}\r\n");
    if let Some(status) = parameter::<u16>(options, "status") {
        print!("Status: {status} Moved\r\nContent-Type: text/plain\r\n\r\nit is there\n");
    } else {
        print!("\r\n");
    }
}
