//! A small HTTP/1.1 client over one keep-alive connection: enough to check every answer's
//! framing, little enough to cost less than the servers it measures.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// Longer than any limit of the servers: a client that still waits then has found a bug.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request as a browser's fetch or an API client would send it.
pub(super) fn request(address: SocketAddr, method: &str, target: &str, fields: &str) -> Vec<u8> {
    format!(
        "{method} {target} HTTP/1.1\r\nhost: {address}\r\nuser-agent: wasgi-bench/1.0\r\n\
         accept: text/html,application/json;q=0.9,*/*;q=0.8\r\naccept-encoding: gzip, br\r\n\
         accept-language: en-US,en;q=0.5\r\n{fields}\r\n"
    )
    .into_bytes()
}

/// One keep-alive connection.
pub(super) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// What was received and not yet consumed is `buffer[start..end]`.
    start: usize,
    end: usize,
}

/// How the end of a body is told.
enum Framing {
    Length(u64),
    Chunked,
}

impl Client {
    /// Connects.
    pub(super) fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        // It grows for the answers that need it: ten thousand clients must fit.
        Ok(Self {
            stream,
            buffer: vec![0; 1024],
            start: 0,
            end: 0,
        })
    }

    /// The connection, for another thread to write on.
    pub(super) fn writer(&self) -> Result<TcpStream> {
        Ok(self.stream.try_clone()?)
    }

    /// Sends a request and checks that it is answered 200 with exactly `body`.
    pub(super) fn expect(&mut self, request: &[u8], body: &[u8]) -> Result<()> {
        self.stream.write_all(request)?;
        let mut rest = body;
        let mut right = true;
        let status = self.receive(|data| match rest.strip_prefix(data) {
            Some(left) => rest = left,
            None => right = false,
        })?;
        ensure!(status == 200, "answered {status}");
        ensure!(right && rest.is_empty(), "answered with a wrong body");
        Ok(())
    }

    /// Sends a request.
    pub(super) fn send(&mut self, request: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(request)?)
    }

    /// Receives one response, giving its body away in pieces.
    pub(super) fn receive(&mut self, mut on_data: impl FnMut(&[u8])) -> Result<u16> {
        let (status, framing) = self.receive_head()?;
        match framing {
            Framing::Length(length) => self.pass_on(length, &mut on_data)?,
            Framing::Chunked => loop {
                let line = self.receive_until(b"\r\n")?;
                let line = std::str::from_utf8(&self.buffer[line])?;
                let size = line.trim_end().split(';').next().unwrap_or_default();
                let size = u64::from_str_radix(size, 16).context("a chunk has no size")?;
                if size == 0 {
                    // No request here asks for trailers.
                    self.receive_until(b"\r\n")?;
                    break;
                }
                self.pass_on(size, &mut on_data)?;
                self.receive_until(b"\r\n")?;
            },
        }
        Ok(status)
    }

    fn receive_head(&mut self) -> Result<(u16, Framing)> {
        let head = self.receive_until(b"\r\n\r\n")?;
        let head = std::str::from_utf8(&self.buffer[head])?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
        let status = status.and_then(|line| line.get(..3)?.parse().ok());
        let status = status.context("the status line is not one")?;
        let mut framing = None;
        for line in lines.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').context("a field has no colon")?;
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                framing = Some(Framing::Length(value.parse()?));
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                ensure!(value == "chunked", "transfer-encoding is {value}");
                framing = Some(Framing::Chunked);
            }
        }
        Ok((
            status,
            framing.context("the response has no length and is not chunked")?,
        ))
    }

    /// Consumes through the next `mark` and says where in the buffer that is.
    fn receive_until(&mut self, mark: &[u8]) -> Result<std::ops::Range<usize>> {
        loop {
            let received = &self.buffer[self.start..self.end];
            if let Some(at) = received
                .windows(mark.len())
                .position(|window| window == mark)
            {
                let line = self.start..self.start + at + mark.len();
                self.start = line.end;
                return Ok(line);
            }
            self.fill()?;
        }
    }

    fn pass_on(&mut self, mut length: u64, on_data: &mut impl FnMut(&[u8])) -> Result<()> {
        while length > 0 {
            if self.start == self.end {
                if length > 64 * 1024 && self.buffer.len() < 256 * 1024 {
                    self.buffer.resize(256 * 1024, 0);
                }
                self.fill()?;
            }
            let received = self.end - self.start;
            let taken = usize::try_from(length).unwrap_or(usize::MAX).min(received);
            on_data(&self.buffer[self.start..self.start + taken]);
            self.start += taken;
            length -= taken as u64;
        }
        Ok(())
    }

    /// Receives at least one more byte.
    fn fill(&mut self) -> Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.end, 0);
        }
        loop {
            match self.stream.read(&mut self.buffer[self.end..]) {
                Ok(0) => bail!("the connection was closed within a response"),
                Ok(count) => {
                    self.end += count;
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("cannot receive"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// What a client makes of an answer that comes byte for byte.
    fn receive(answer: &'static str) -> Result<(u16, String)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client comes");
            stream.set_nodelay(true).expect("it is a socket");
            for byte in answer.as_bytes() {
                // A client that has seen enough leaves.
                if stream.write_all(&[*byte]).is_err() {
                    break;
                }
            }
        });
        let mut body = Vec::new();
        let status = Client::connect(address)?.receive(|data| body.extend_from_slice(data));
        server.join().expect("the server does not panic");
        Ok((status?, String::from_utf8(body)?))
    }

    #[test]
    fn bodies_end_where_their_framing_says() {
        let length = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\nHTTP/1.1 500";
        assert_eq!(receive(length).unwrap(), (200, "hello\n".to_owned()));
        let chunked = "HTTP/1.1 504 X\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n4;a=b\r\nllo\n\r\n0\r\n\r\n";
        assert_eq!(receive(chunked).unwrap(), (504, "hello\n".to_owned()));
    }

    #[test]
    fn answers_that_break_off_fail() {
        for answer in [
            "",
            "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhell",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "no status\r\ncontent-length: 0\r\n\r\n",
        ] {
            assert!(receive(answer).is_err(), "{answer:?}");
        }
    }
}
