//! Answers with 16 random bytes in hexadecimal.

use guest::{Reply, Request, Result, random_bytes};

async fn handle(_: Request, reply: Reply) -> Result {
    let bytes = random_bytes(16);
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    reply.text(digits.collect::<String>()).await
}

guest::export!(handle);
