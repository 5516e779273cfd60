//! A client on the wire: raw bytes out, and a strict reader of what comes back.
//!
//! It must not repair anything: bytes that RFC 9112 does not allow fail the test.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Result, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::output::PATIENCE;

/// A request without a body.
pub(crate) fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: test\r\n\r\n")
}

/// A request with a body of known length.
pub(crate) fn post(target: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {target} HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n{body}")
}

type Fields = Vec<(String, Vec<u8>)>;

/// A response as it stood on the wire, the transfer coding taken off.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) fields: Fields,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Fields,
    /// Whether the body ended as its framing says, not with the connection.
    pub(crate) is_complete: bool,
}

impl Response {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The values of a field, in their order.
    pub(crate) fn all(&self, name: &str) -> Vec<&[u8]> {
        let named = self.fields.iter().filter(|(other, _)| other == name);
        named.map(|(_, value)| value.as_slice()).collect()
    }

    /// The value of a field that is there at most once.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let values = self.all(name);
        assert!(values.len() <= 1, "{name} is there {} times", values.len());
        values
            .first()
            .map(|value| std::str::from_utf8(value).unwrap())
    }

    /// The request's name, from the body of an error.
    pub(crate) fn request_id(&self) -> &str {
        let line = self.text().lines().nth(1).unwrap();
        line.strip_prefix("request id: ").unwrap()
    }

    fn is_chunked(&self) -> bool {
        self.field("transfer-encoding")
            .is_some_and(|coding| coding == "chunked")
    }
}

/// What comes next of a chunked body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    Data(Vec<u8>),
    /// The proper end, with the trailer fields.
    End(Fields),
    /// The connection ended before the body.
    Broken,
}

/// A connection to the host. It fails the test when it waits for too long.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self {
            reader: BufReader::new(stream),
        }
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        self.reader.get_ref()
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).unwrap();
    }

    /// Send to a host that may have closed the connection already.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.reader.get_mut().write_all(bytes.as_ref())
    }

    /// Send no more, and go on to read.
    pub(crate) fn finish_sending(&self) {
        self.stream().shutdown(Shutdown::Write).unwrap();
    }

    /// The next response and its body.
    pub(crate) fn response(&mut self) -> Response {
        let mut response = self.head();
        self.body(&mut response);
        response
    }

    /// The next response if one comes before the connection ends.
    pub(crate) fn try_response(&mut self) -> Option<Response> {
        let mut response = self.try_head()?;
        self.body(&mut response);
        Some(response)
    }

    /// The next response's head alone: it has no body, or the body is read chunk by chunk.
    pub(crate) fn head(&mut self) -> Response {
        self.try_head()
            .expect("the connection ended where a response was due")
    }

    fn try_head(&mut self) -> Option<Response> {
        let line = self.line()?;
        let line = String::from_utf8(line).unwrap();
        let (protocol, rest) = line.split_once(' ').unwrap();
        let (status, reason) = rest.split_once(' ').unwrap();
        assert!(matches!(protocol, "HTTP/1.0" | "HTTP/1.1"), "{line}");
        assert!(
            status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit()),
            "{line}"
        );
        let fields = self.fields().expect("the connection ended within a head");
        let response = Response {
            status: status.parse().unwrap(),
            reason: reason.to_owned(),
            fields,
            body: Vec::new(),
            trailers: Vec::new(),
            is_complete: false,
        };
        let has_length = response.field("content-length").is_some();
        assert!(
            !(has_length && response.field("transfer-encoding").is_some()),
            "{response:?}"
        );
        Some(response)
    }

    fn body(&mut self, response: &mut Response) {
        if matches!(response.status, 100..200 | 204 | 304) {
            response.is_complete = true;
        } else if response.is_chunked() {
            self.chunks(response);
        } else if let Some(length) = response.field("content-length") {
            let length = length.parse().unwrap();
            response.body = self.bytes(length);
            response.is_complete = response.body.len() == length;
        } else {
            response.body = self.bytes(usize::MAX);
            response.is_complete = true;
        }
    }

    fn chunks(&mut self, response: &mut Response) {
        loop {
            match self.chunk() {
                Chunk::Data(bytes) => response.body.extend(bytes),
                Chunk::End(trailers) => {
                    response.trailers = trailers;
                    response.is_complete = true;
                    return;
                }
                Chunk::Broken => return,
            }
        }
    }

    /// What comes next of a chunked body.
    pub(crate) fn chunk(&mut self) -> Chunk {
        let Some(size) = self.line() else {
            return Chunk::Broken;
        };
        let size = usize::from_str_radix(std::str::from_utf8(&size).unwrap(), 16).unwrap();
        if size == 0 {
            return self.fields().map_or(Chunk::Broken, Chunk::End);
        }
        let bytes = self.bytes(size);
        if bytes.len() < size {
            return Chunk::Broken;
        }
        match self.line() {
            Some(line) => assert!(line.is_empty(), "a chunk is longer than its size"),
            None => return Chunk::Broken,
        }
        Chunk::Data(bytes)
    }

    /// The bytes of the body's next chunk, which must be there.
    pub(crate) fn data(&mut self) -> Vec<u8> {
        match self.chunk() {
            Chunk::Data(bytes) => bytes,
            other => panic!("expected a chunk, got {other:?}"),
        }
    }

    /// Whether the connection ends here, without another byte.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.bytes(1).is_empty()
    }

    /// Whether nothing comes for this time, and the connection stays open.
    pub(crate) fn is_silent_for(&mut self, time: Duration) -> bool {
        self.stream().set_read_timeout(Some(time)).unwrap();
        let result = self.reader.fill_buf().map(<[u8]>::len);
        self.stream().set_read_timeout(Some(PATIENCE)).unwrap();
        result.is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock))
    }

    /// Field lines up to the empty line; none if the connection ends before it.
    fn fields(&mut self) -> Option<Fields> {
        let mut fields = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Some(fields);
            }
            let colon = line.iter().position(|&b| b == b':').unwrap();
            let name = String::from_utf8(line[..colon].to_vec()).unwrap();
            let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
            assert!(
                !name.is_empty() && name.bytes().all(is_token),
                "not a field name: {name:?}"
            );
            let value = line[colon + 1..].trim_ascii().to_vec();
            assert!(!value.contains(&0), "a NUL in {name}");
            fields.push((name.to_ascii_lowercase(), value));
        }
    }

    /// One line, its CRLF taken off; none if the connection ends before it.
    fn line(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        expect_in_time(self.reader.read_until(b'\n', &mut line))?;
        if line.pop() != Some(b'\n') {
            return None;
        }
        assert_eq!(
            line.pop(),
            Some(b'\r'),
            "a line ends with a lone LF: {line:?}"
        );
        assert!(!line.contains(&b'\r'), "a lone CR within {line:?}");
        Some(line)
    }

    /// As many bytes as there are up to this count.
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = expect_in_time(
            (&mut self.reader)
                .take(count as u64)
                .read_to_end(&mut bytes),
        );
        bytes
    }
}

/// Tell a connection that ended (none) from one on which nothing comes, which fails the test.
fn expect_in_time<T>(result: Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            panic!("nothing came for {PATIENCE:?}")
        }
        Err(_) => None,
    }
}
