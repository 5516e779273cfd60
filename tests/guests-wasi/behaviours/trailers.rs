//! Announces a trailer field and sends it.

use guest::{Reply, Request, Result};

const FIELDS: &[(&str, &[u8])] = &[
    ("content-type", b"text/plain; charset=utf-8"),
    ("trailer", b"x-checksum"),
];

async fn handle(_: Request, reply: Reply) -> Result {
    let mut body = reply.head(200, FIELDS);
    body.write("body\n").await?;
    let trailers = vec![("x-checksum".to_owned(), b"abc".to_vec())];
    body.finish_with(trailers).await;
    Ok(())
}

guest::export!(handle);
