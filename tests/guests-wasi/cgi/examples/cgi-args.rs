//! Prints its arguments, one a line, without its own name.

#[expect(clippy::print_stdout, reason = "it is how a CGI program answers")]
fn main() {
    print!("Content-Type: text/plain\r\n\r\n");
    for argument in std::env::args().skip(1) {
        println!("{argument}");
    }
}
