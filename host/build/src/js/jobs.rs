//! What is done to a component after the tool has written it: JavaScript can run pending jobs.
//!
//! An `async` function of JavaScript goes on in jobs, which somebody has to run. The runtime of
//! componentize-qjs 0.4 does so after a call of an asynchronous export, and those of the contract
//! are synchronous: their promises would never be settled. So the function that takes a `u64` from
//! JavaScript is put behind one that runs all jobs if the number is 0: `getRandomBytes(0)` becomes
//! a call that returns when no job is left, and has no other use. The SDK makes no other call with
//! a `u64` of 0. Must change nothing else.

use wasm_encoder::{BlockType, Function, ValType};

use crate::error::BuildError;
use crate::patch::{self, Front};

/// Returns `component` with a runtime that runs jobs when it is asked to.
pub(super) fn runnable(component: &[u8]) -> Result<Vec<u8>, BuildError> {
    patch::put_in_front(component, &FRONT)
}

const FRONT: Front<'_> = Front {
    // The function that takes a number from JavaScript: `call -> number`.
    export: "wit_dylib_pop_u64",
    // Those that begin a call of an export, `export -> call`, and make it if it is asynchronous:
    // `(call, export) -> status`. The latter runs all jobs at its end, and ends the call.
    calls: &["wit_dylib_export_start", "wit_dylib_export_async_call"],
    body: run_at_zero,
    tool: super::tool::COMPONENTIZE,
};

/// What takes the old function's place: it calls it, and begins and makes a call of the first
/// export, which the SDK has given an empty asynchronous form, if it returned 0.
fn run_at_zero(pop: u32, calls: &[u32]) -> Function {
    const CALL: u32 = 0;
    const NUMBER: u32 = 1;
    const EXPORT: i32 = 0;
    let (start, make) = (calls[0], calls[1]);
    let mut function = Function::new([(1, ValType::I64)]);
    function
        .instructions()
        .local_get(CALL)
        .call(pop)
        .local_tee(NUMBER)
        .i64_eqz()
        .if_(BlockType::Empty)
        .i32_const(EXPORT)
        .call(start)
        .i32_const(EXPORT)
        .call(make)
        .drop()
        .end()
        .local_get(NUMBER)
        .end();
    function
}
