//! Sends an event each `seconds`, as a C program does that knows nothing of the web: with `printf`,
//! and without `fflush`.

#![expect(unsafe_code, reason = "it calls the C library")]

use std::ffi::{c_char, c_int};
use std::thread::sleep;
use std::time::Duration;

use guest::parameter;

unsafe extern "C" {
    fn printf(format: *const c_char, ...) -> c_int;
}

#[expect(
    clippy::disallowed_methods,
    reason = "the environment describes the request, and sleeping is what it is for"
)]
fn main() {
    let query = std::env::var("QUERY_STRING").unwrap_or_default();
    let seconds = parameter(&query, "seconds").unwrap_or(1);
    // SAFETY: the format is a C string without arguments.
    unsafe { printf(c"Content-Type: text/event-stream\r\n\r\n".as_ptr()) };
    for event in 0..c_int::MAX {
        // SAFETY: the format is a C string, and its argument is of the type that it names.
        unsafe { printf(c"data: event %d\n\n".as_ptr(), event) };
        // Not the C library's: for WASI 0.2, that of Rust 1.95 returns at once.
        sleep(Duration::from_secs(seconds));
    }
}
