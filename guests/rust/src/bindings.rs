//! The contract in Rust types, generated from `wit/`.
//!
//! Owns nothing but what wit-bindgen writes. Only [`Environ`](crate::Environ) and what it is made
//! of are part of the SDK's interface: all else here is for the SDK and its macros.

wit_bindgen::generate!({
    path: "wit",
    world: "application",
    pub_export_macro: true,
    default_bindings_module: "wasgi_guest::bindings",
});
