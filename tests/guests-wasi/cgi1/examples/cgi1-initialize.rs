//! Exports `_initialize` and `_start`, as merged modules do, and prints how often the first was
//! called. The second one does itself what is needed: a host that calls both does it twice.

#![expect(unsafe_code, reason = "it exports what the C library usually does")]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static INITIALIZED: AtomicU32 = AtomicU32::new(0);

extern "C" fn initialize() {
    INITIALIZED.fetch_add(1, Relaxed);
}

// SAFETY: `_initialize`, which the C library has, calls each pointer in this section without
// arguments.
#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = initialize;

/// What the host runs.
#[unsafe(no_mangle)]
#[expect(clippy::print_stdout, reason = "it is how a CGI program answers")]
pub extern "C" fn _start() {
    // Linked from here, or the linker would leave the constructor out.
    std::hint::black_box(initialize as extern "C" fn());
    let times = INITIALIZED.load(Relaxed);
    println!("Content-Type: text/plain\r\n\r\ninitialized {times} times");
}
