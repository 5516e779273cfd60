//! A core module without `_start`: a library, not a program.

#![expect(unsafe_code, reason = "it exports a function by its name")]

/// Something to call.
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> i32 {
    42
}
