//! Traps before it answers.

use fixture_guests::deliberate_trap;
use wasgi_guest::{Request, Response};

fn handle(_: Request) -> Response {
    deliberate_trap()
}

wasgi_guest::export!(handle);
