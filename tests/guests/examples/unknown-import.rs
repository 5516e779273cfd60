//! Asks for an import that no host has.

mod clock {
    wit_bindgen::generate!({
        inline: "package acme:clock; interface now { now: func() -> u64; } world fixture { import now; }",
    });
}

use clock::acme::clock::now::now;
use wasgi_guest::{Request, Response};

fn handle(_: Request) -> Response {
    Response::text(now().to_string())
}

wasgi_guest::export!(handle);
