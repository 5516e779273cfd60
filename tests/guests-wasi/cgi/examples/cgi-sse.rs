//! Sends an event each `seconds`, as a C program does that knows nothing of the web: with `printf`
//! and `sleep`, and without `fflush`.

#![expect(unsafe_code, reason = "it calls the C library")]

use std::ffi::{c_char, c_int, c_uint};

use guest::parameter;

unsafe extern "C" {
    fn printf(format: *const c_char, ...) -> c_int;
    fn sleep(seconds: c_uint) -> c_uint;
}

#[expect(clippy::disallowed_methods, reason = "it is what describes a request")]
fn main() {
    let query = std::env::var("QUERY_STRING").unwrap_or_default();
    let seconds = parameter(&query, "seconds").unwrap_or(1);
    // SAFETY: each format is a C string, and its arguments are of the types that it names.
    unsafe {
        printf(c"Content-Type: text/event-stream\r\n\r\n".as_ptr());
        for event in 0..c_int::MAX {
            printf(c"data: event %d\n\n".as_ptr(), event);
            sleep(seconds);
        }
    }
}
