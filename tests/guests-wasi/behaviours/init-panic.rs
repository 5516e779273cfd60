//! Panics while it is instantiated, before any call.

use guest::{Reply, Request, Result};

extern "C" fn panic_at_start() {
    panic!("told to panic at the start");
}

// SAFETY: the C library calls each pointer in this section once, without arguments.
#[cfg(target_arch = "wasm32")]
#[expect(
    unsafe_code,
    reason = "the only code that runs at instantiation is a constructor"
)]
#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = panic_at_start;

async fn handle(_: Request, reply: Reply) -> Result {
    // Linked from here, or the linker would leave the constructor out.
    std::hint::black_box(panic_at_start as extern "C" fn());
    reply.text("never\n").await
}

guest::export!(handle);
