//! Answers with a head that breaks a rule, chosen by `case`. Where the contract itself refuses it,
//! this guest panics.

use guest::{Reply, Request, Result};

type Head = (u16, &'static [(&'static str, &'static [u8])]);

async fn handle(request: Request, reply: Reply) -> Result {
    let case: String = request.parameter("case").unwrap_or_default();
    let (status, fields): Head = match case.as_str() {
        "status-99" => (99, &[]),
        "status-1000" => (1000, &[]),
        "newline" => (200, &[("x-split", b"a\r\nset-cookie: stolen=1")]),
        "name" => (200, &[("two words", b"x")]),
        "two-lengths" => (200, &[("content-length", b"5"), ("content-length", b"6")]),
        "hop-by-hop" => (200, HOP_BY_HOP),
        "no-content-with-body" => (204, &[]),
        other => panic!("unknown case `{other}`"),
    };
    let mut body = reply.head(status, fields);
    body.write("head\n").await?;
    body.finish().await;
    Ok(())
}

const HOP_BY_HOP: &[(&str, &[u8])] = &[
    ("connection", b"x-dropped"),
    ("keep-alive", b"timeout=5"),
    ("transfer-encoding", b"chunked"),
    ("upgrade", b"websocket"),
    ("te", b"trailers"),
    ("proxy-connection", b"keep-alive"),
    ("x-kept", b"yes"),
];

guest::export!(handle);
