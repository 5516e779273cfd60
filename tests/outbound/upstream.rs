//! The server that guests send their requests to. The test plays it itself, step by step.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use rustix::net::listen;
use rustix::net::sockopt::{Timeout, set_socket_timeout};

use crate::support::output::PATIENCE;

/// A listener on the loopback. It fails the test when it waits for too long.
pub(crate) struct Upstream {
    listener: TcpListener,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // It bounds `accept`, for which the standard library has no timeout.
        set_socket_timeout(&listener, Timeout::Recv, Some(PATIENCE)).unwrap();
        Self { listener }
    }

    fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    pub(crate) fn port(&self) -> u16 {
        self.address().port()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The next connection.
    pub(crate) fn accept(&self) -> Accepted {
        let (stream, _) = self.listener.accept().expect("the host does not connect");
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Accepted {
            reader: BufReader::new(stream),
        }
    }

    /// Whether nobody has connected that was not accepted.
    pub(crate) fn is_unvisited(&self) -> bool {
        self.listener.set_nonblocking(true).unwrap();
        let result = self.listener.accept();
        self.listener.set_nonblocking(false).unwrap();
        result.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Take no more connections: who tries gets no answer for as long as the result is held.
    pub(crate) fn fill(&self) -> Vec<TcpStream> {
        const TRIES_MAX: usize = 100;
        let within = Duration::from_millis(200);
        listen(&self.listener, 0).unwrap();
        let tries = (0..TRIES_MAX).map(|_| TcpStream::connect_timeout(&self.address(), within));
        let waiting: Vec<_> = tries.map_while(Result::ok).collect();
        assert!(waiting.len() < TRIES_MAX, "the listener is never full");
        waiting
    }
}

/// A connection of the host's. Dropped, it is closed.
pub(crate) struct Accepted {
    reader: BufReader<TcpStream>,
}

impl Accepted {
    /// The lines of the next request's head.
    pub(crate) fn head(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match self.line() {
                line if line.is_empty() => return lines,
                line => lines.push(line),
            }
        }
    }

    /// The next chunk of the request's body, which is empty at the end.
    pub(crate) fn chunk(&mut self) -> String {
        let size = usize::from_str_radix(&self.line(), 16).unwrap();
        let mut bytes = vec![0; size];
        self.reader.read_exact(&mut bytes).unwrap();
        assert_eq!(self.line(), "", "a chunk is longer than its size");
        String::from_utf8(bytes).unwrap()
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.reader.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Read one request without a body, and answer it with this text.
    pub(crate) fn answer(&mut self, text: &str) -> Vec<String> {
        let head = self.head();
        let length = text.len();
        self.send(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{text}"
        ));
        head
    }

    /// What comes until the host closes the connection.
    pub(crate) fn until_closed(&mut self) -> String {
        let mut bytes = Vec::new();
        if let Err(error) = self.reader.read_to_end(&mut bytes) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "it stays open");
        }
        String::from_utf8(bytes).unwrap()
    }

    /// Whether the host closes the connection without another byte.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.until_closed().is_empty()
    }

    /// The next line, its CRLF taken off.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        let line = line.strip_suffix("\r\n");
        line.expect("the request broke off").to_owned()
    }
}
