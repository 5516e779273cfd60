//! Ends properly, and without a response.

use guest::{Reply, Request, Result};

async fn handle(_: Request, _reply: Reply) -> Result {
    Ok(())
}

guest::export!(handle);
