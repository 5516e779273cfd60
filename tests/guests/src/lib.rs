//! What the fixture guests share: their parameters, their clock, and how they trap.
//!
//! Each file in `examples/` is a guest with one behaviour, named for it. Nothing here may read the
//! input or make a response: that is what the fixtures are about.

use std::str::FromStr;
use std::time::Duration;

use wasgi_guest::{InputError, Request};

/// The value of the query's parameter `name`, if it is there and has this type.
pub fn parameter<T: FromStr>(request: &Request, name: &str) -> Option<T> {
    let pairs = request
        .query()?
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    pairs
        .into_iter()
        .find(|(key, _)| *key == name)?
        .1
        .parse()
        .ok()
}

/// The contract's name for an input error.
pub fn name(error: &InputError) -> String {
    match error {
        InputError::TooLarge => "too-large".to_owned(),
        InputError::TimedOut => "timed-out".to_owned(),
        InputError::Closed => "closed".to_owned(),
        other => format!("other: {other}"),
    }
}

/// Sleep, as guests do: only this instance waits.
#[expect(
    clippy::disallowed_methods,
    reason = "a guest's thread serves nobody else"
)]
pub fn sleep_ms(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// End in a trap, under a name that a backtrace shows.
#[inline(never)]
pub fn deliberate_trap() -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort();
}

/// Compute for ever, without a call to the host.
pub fn spin() -> ! {
    loop {
        std::hint::spin_loop();
    }
}
