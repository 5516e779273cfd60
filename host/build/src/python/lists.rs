//! What is done to a component after the tool has written it: lists of bytes are freed.
//!
//! The runtime of componentize-py 0.25 copies each `bytes` that Python hands to the host, and never
//! frees the copy: a response of 100 MB would take 100 MB of the instance's memory, and an instance
//! that is used again would lose each body that it ever sent. The function that makes the copy is
//! put behind one that hands the copy to the call, which frees it at its end, as it does with all
//! else that it lowers. Must change nothing else.

use wasm_encoder::{BlockType, Function, MemArg, ValType};

use crate::error::BuildError;
use crate::patch::{self, Front};

/// Returns `component` with a runtime that frees what it copied.
pub(super) fn free(component: &[u8]) -> Result<Vec<u8>, BuildError> {
    patch::put_in_front(component, &FRONT)
}

const FRONT: Front<'_> = Front {
    // The function that takes a list from Python: `(call, type, *address) -> length`.
    export: "wit_dylib_pop_list",
    // The one that frees memory: `(call, address, bytes, alignment, at the end)`.
    calls: &["wit_dylib_dealloc_bytes"],
    body: pop_and_keep,
    tool: "componentize-py",
};

/// What takes the old function's place: it calls it, and has what it copied freed with the call.
///
/// An address of null stands for a list that is lowered element by element, and freed already.
fn pop_and_keep(pop: u32, calls: &[u32]) -> Function {
    const CALL: u32 = 0;
    const ADDRESS: u32 = 2;
    const LENGTH: u32 = 3;
    let free = calls[0];
    let word = MemArg {
        offset: 0,
        align: 2,
        memory_index: 0,
    };
    let mut function = Function::new([(1, ValType::I32)]);
    function
        .instructions()
        .local_get(CALL)
        .local_get(1)
        .local_get(ADDRESS)
        .call(pop)
        .local_tee(LENGTH)
        .if_(BlockType::Empty)
        .local_get(ADDRESS)
        .i32_load(word)
        .if_(BlockType::Empty)
        .local_get(CALL)
        .local_get(ADDRESS)
        .i32_load(word)
        .local_get(LENGTH)
        .i32_const(1)
        .i32_const(1)
        .call(free)
        .end()
        .end()
        .local_get(LENGTH)
        .end();
    function
}
