//! Exports `_initialize` and `_start`, as merged modules do, and prints how often the first was
//! called. The second one does itself what is needed: a host that calls both does it twice.

#![expect(unsafe_code, reason = "it exports what the C library usually does")]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static INITIALIZED: AtomicU32 = AtomicU32::new(0);

/// What a host would call if it took this for a library.
#[unsafe(no_mangle)]
pub extern "C" fn _initialize() {
    INITIALIZED.fetch_add(1, Relaxed);
}

/// What the host runs.
#[unsafe(no_mangle)]
#[expect(clippy::print_stdout, reason = "it is how a CGI program answers")]
pub extern "C" fn _start() {
    let times = INITIALIZED.load(Relaxed);
    println!("Content-Type: text/plain\r\n\r\ninitialized {times} times");
}
