//! Opens `/dev/null`, as interpreters do, writes to it, reads from it, and prints what it read.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};

#[expect(clippy::print_stdout, reason = "it is how a CGI program answers")]
fn main() {
    print!("Content-Type: text/plain\r\n\r\n");
    let opened = OpenOptions::new().read(true).write(true).open("/dev/null");
    let read = opened.and_then(|mut file| {
        file.write_all(b"gone")?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        Ok(text)
    });
    match read {
        Ok(text) => println!("read `{text}`"),
        Err(error) => println!("error: {error}"),
    }
}
