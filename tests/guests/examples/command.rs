//! Not an application but a program: it exports `wasi:cli/run`.

#[expect(clippy::print_stdout, reason = "it is what this guest does")]
fn main() {
    println!("hello");
}
