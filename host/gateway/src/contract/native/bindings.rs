//! The types that `wit/` generates, and nothing else.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "application",
    ownership: Borrowing { duplicate_if_necessary: true },
    with: { "wasgi:gateway/types.input": super::InputHandle },
});
