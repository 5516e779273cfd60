//! Opens `/dev/null`, as interpreters do, reads from it, and tries to write to it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

#[expect(clippy::print_stdout, reason = "it is how a CGI program answers")]
fn main() {
    print!("Content-Type: text/plain\r\n\r\n");
    match fs::read_to_string("/dev/null") {
        Ok(text) => println!("read `{text}`"),
        Err(error) => println!("error: {error}"),
    }
    let opened = OpenOptions::new().write(true).open("/dev/null");
    let is_written = opened.and_then(|mut file| file.write_all(b"kept")).is_ok();
    println!("written: {is_written}");
}
