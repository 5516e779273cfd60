//! Sends `fields` extra fields of `size` bytes each.

use guest::{Reply, Request, Result};

async fn handle(request: Request, reply: Reply) -> Result {
    let fields = request.parameter("fields").unwrap_or(1);
    let value = vec![b'x'; request.parameter("size").unwrap_or(1)];
    let names: Vec<_> = (0..fields).map(|i| format!("x-{i}")).collect();
    let extra = names.iter().map(|name| (name.as_str(), value.as_slice()));
    let mut body = reply.head(200, &extra.collect::<Vec<_>>());
    body.write("head\n").await?;
    body.finish().await;
    Ok(())
}

guest::export!(handle);
