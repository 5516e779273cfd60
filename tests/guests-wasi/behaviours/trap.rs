//! Traps before it answers.

use guest::{Reply, Request, Result, deliberate_trap};

async fn handle(_: Request, _reply: Reply) -> Result {
    deliberate_trap()
}

guest::export!(handle);
