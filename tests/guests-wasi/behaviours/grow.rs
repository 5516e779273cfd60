//! Allocates and touches `mib` MiB, and dies of it if there is no more memory.

use std::hint::black_box;

use guest::{Reply, Request, Result};

async fn handle(request: Request, reply: Reply) -> Result {
    let mib = request.parameter("mib").unwrap_or(1);
    let kept: Vec<Vec<u8>> = (0..mib).map(|_| black_box(vec![1; 1024 * 1024])).collect();
    reply.text(format!("grew {}\n", kept.len())).await
}

guest::export!(handle);
