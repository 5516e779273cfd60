//! Exports a contract that the host does not know.

#![cfg_attr(target_arch = "wasm32", expect(unsafe_code, reason = "generated code"))]

mod other {
    wit_bindgen::generate!({
        inline: "package acme:other; interface run { run: func(); } world fixture { export run; }",
    });
}

struct App;

impl other::exports::acme::other::run::Guest for App {
    fn run() {}
}

#[cfg(target_arch = "wasm32")]
other::export!(App with_types_in other);
