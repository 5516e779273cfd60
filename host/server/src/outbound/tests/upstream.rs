//! A server on the loopback for the client to speak to.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What the upstream saw.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Connected,
    /// A request's head, and the body behind it.
    Request(String),
    Closed,
}

/// A server that gives the same answer to each request, and tells what it sees.
pub(super) struct Upstream {
    pub(super) address: SocketAddr,
    pub(super) seen: mpsc::Receiver<Seen>,
}

impl Upstream {
    pub(super) async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (report, seen) = mpsc::channel(16);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                report.send(Seen::Connected).await.unwrap();
                tokio::spawn(serve(stream, answer, report.clone()));
            }
        });
        Self { address, seen }
    }

    pub(super) fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) async fn request(&mut self) -> String {
        loop {
            if let Seen::Request(text) = self.seen.recv().await.unwrap() {
                return text;
            }
        }
    }

    pub(super) async fn closed(&mut self) {
        while self.seen.recv().await.unwrap() != Seen::Closed {}
    }
}

async fn serve(mut stream: TcpStream, answer: &str, report: mpsc::Sender<Seen>) {
    let mut bytes = Vec::new();
    while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
        let text = String::from_utf8(bytes.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let complete = match head.split_once("content-length: ") {
            Some((_, rest)) => body.len() == rest.lines().next().unwrap().parse::<usize>().unwrap(),
            None => !head.contains("chunked") || body.ends_with("0\r\n\r\n"),
        };
        if complete {
            report.send(Seen::Request(text)).await.unwrap();
            bytes.clear();
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    }
    // A test that is over does not hear it.
    drop(report.send(Seen::Closed).await);
}
