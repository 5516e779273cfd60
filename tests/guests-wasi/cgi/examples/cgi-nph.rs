//! Prints a whole HTTP response, as a program does whose output the server does not parse.

#[expect(clippy::print_stdout, reason = "it is how a CGI program answers")]
fn main() {
    print!("HTTP/1.1 201 Made Here\r\nX-Nph: yes\r\nContent-Type: text/plain\r\n\r\nraw\n");
}
