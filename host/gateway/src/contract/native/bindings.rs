//! The types that `wit/` generates, and nothing else.

/// What an app exports.
pub(super) mod application {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "application",
        ownership: Borrowing { duplicate_if_necessary: true },
        with: { "wasgi:gateway/types.input": super::super::InputHandle },
    });
}

/// What a middleware imports.
pub(super) mod middleware {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "middleware",
        with: {
            "wasgi:gateway/types.input": super::super::InputHandle,
            "wasgi:gateway/app.body": super::super::middleware::BodyHandle,
        },
    });
}
