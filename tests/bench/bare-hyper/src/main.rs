//! The yardstick of the benchmarks: hyper on tokio answering `hello` to any request.
//!
//! It is built from the same crates, features and profile as `wasgi` and sets the same socket
//! options, so that the difference between the two is what wasgi adds. It must not grow features:
//! no timeouts, no limits, no log, no drain.

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Response, server::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    announce(&listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let service = service_fn(|_request| async { Ok::<_, Infallible>(hello()) });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A client that resets its connection is no concern of a yardstick.
            drop(connection.await);
        });
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the benchmark reads the address from here"
)]
fn announce(listener: &TcpListener) -> io::Result<()> {
    eprintln!("listening on http://{}", listener.local_addr()?);
    Ok(())
}

fn hello() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"hello\n")));
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}
