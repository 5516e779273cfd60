//! Sends one field twice, and a field whose value is not text.

use guest::{Reply, Request, Result};

const FIELDS: &[(&str, &[u8])] = &[
    ("set-cookie", b"a=1"),
    ("set-cookie", b"b=2"),
    ("x-bytes", b"\xff\xfe"),
];

async fn handle(_: Request, reply: Reply) -> Result {
    let mut body = reply.head(200, FIELDS);
    body.write("cookies\n").await?;
    body.finish().await;
    Ok(())
}

guest::export!(handle);
