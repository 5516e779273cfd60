//! Finds out why a call into a guest failed.

use wasmtime::PoolConcurrencyLimitError;
use wasmtime::{Trap, WasmBacktrace};

use crate::error::{Error, GuestReport, Kind};
use crate::meter::CpuExceeded;
use crate::state::State;

/// What wasmtime says when a guest hands over more than a call may. The error has no public type.
const HOST_CALL_EXHAUSTED: &str = "fuel allocated for hostcalls has been exhausted";

/// Bytes of a backtrace in the log. The names in it are as long as the guest wants.
const BACKTRACE_BYTES_MAX: usize = 16 * 1024;

/// The error of a call that ended in a trap, or that wasmtime refused.
pub(crate) fn of_call(error: &wasmtime::Error, state: &State) -> Error {
    // A guest that falls over what its client did is not at fault.
    if let Some(error) = state.input.client_error() {
        return error;
    }
    let cause = error.root_cause().to_string();
    let (kind, message) = if error.is::<CpuExceeded>() {
        (Kind::CpuLimit, cause)
    } else if let Some(error) = error.downcast_ref::<Error>() {
        // What the host did for it failed.
        (error.kind(), error.to_string())
    } else if error.is::<PoolConcurrencyLimitError>() {
        (
            Kind::Overloaded,
            format!("the host has no room for another instance: {cause}"),
        )
    } else if cause.contains(HOST_CALL_EXHAUSTED) {
        let limit = state.limits().host_call;
        (
            Kind::HostCallLimit,
            format!("one call made the host allocate more than {limit} bytes"),
        )
    } else if state.memory.refused {
        let limit = state.limits().memory;
        (
            Kind::MemoryLimit,
            format!("it wanted more than its {limit} bytes of memory: {cause}"),
        )
    } else {
        (Kind::GuestTrapped, cause)
    };
    Error::new(kind, message).with_report(report(Some(error), state))
}

/// The error of an instance that could not be made.
pub(crate) fn of_instantiation(error: &wasmtime::Error, state: &State) -> Error {
    let guest_ran = error.is::<Trap>() || error.is::<WasmBacktrace>();
    if guest_ran || state.memory.refused || error.is::<PoolConcurrencyLimitError>() {
        return of_call(error, state);
    }
    Error::new(
        Kind::Instantiation,
        format!("cannot make an instance: {error:#}"),
    )
}

/// The error of a guest that said itself that it failed.
pub(crate) fn of_guest(message: &str, state: &mut State) -> Error {
    // It may only say what others made of its request: the client, or the app that it wraps.
    let inner = state.wrapped.as_mut().and_then(|app| app.take_error());
    state.input.client_error().or(inner).unwrap_or_else(|| {
        let message = message.escape_debug().to_string();
        Error::new(Kind::GuestFailed, message).with_report(report(None, state))
    })
}

/// What the guest left behind; nothing if the app has logged as much as it may.
pub(crate) fn report(error: Option<&wasmtime::Error>, state: &State) -> GuestReport {
    let backtrace = error
        .and_then(|error| error.downcast_ref::<WasmBacktrace>())
        .map(printable)
        .unwrap_or_default();
    let log_tail = state.finish_log();
    let bytes = backtrace.len() + log_tail.iter().map(String::len).sum::<usize>();
    if state.may_log(bytes) {
        GuestReport {
            backtrace,
            log_tail,
        }
    } else {
        GuestReport::default()
    }
}

/// A backtrace as text. The names in it are the guest's: one with a control character could pass
/// itself off as another line of the log.
fn printable(backtrace: &WasmBacktrace) -> String {
    let is_clean = |name: Option<&str>| !name.is_some_and(|name| name.contains(char::is_control));
    let all_clean = backtrace.frames().iter().all(|frame| {
        is_clean(frame.func_name())
            && is_clean(frame.module().name())
            && frame
                .symbols()
                .iter()
                .all(|symbol| is_clean(symbol.name()) && is_clean(symbol.file()))
    });
    let text = backtrace.to_string();
    let mut text = if all_clean {
        text
    } else {
        text.escape_debug().to_string()
    };
    // Limit: BACKTRACE_BYTES_MAX
    text.truncate(text.floor_char_boundary(BACKTRACE_BYTES_MAX));
    text
}
