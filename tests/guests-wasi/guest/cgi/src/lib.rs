//! The fixtures as CGI programs: the request in the environment and on standard input, the response
//! on standard output.
//!
//! It offers what the libraries of the other contracts offer, so that they share `behaviours`.

use std::env;
use std::io::{self, Read as _, Write as _};
use std::process;
use std::str::FromStr;
use std::time::Duration;

pub use guest_shared::{
    Closed, Facts, Fields, Result, TEXT, block_on, deliberate_trap, parameter, spin,
};

/// What one call reads at most, as this guest chooses.
const READ_MAX: usize = 64 * 1024;

/// A request: what the environment says of it.
pub struct Request;

impl Request {
    /// The value of the query's parameter `name`, if it is there and has this type.
    pub fn parameter<T: FromStr>(&self, name: &str) -> Option<T> {
        parameter(&variable("QUERY_STRING")?, name)
    }

    /// The value of a header field. Repeated fields are one here, joined by commas.
    pub fn header(&self, name: &str) -> Option<String> {
        let name = name.to_uppercase().replace('-', "_");
        match name.as_str() {
            "CONTENT_TYPE" | "CONTENT_LENGTH" => variable(&name),
            _ => variable(&format!("HTTP_{name}")),
        }
    }

    /// What the environment tells of the request.
    pub fn facts(&self) -> Facts {
        let is_secure = variable("HTTPS").is_some_and(|value| value == "on");
        let mut headers: Fields = env::vars()
            .filter_map(|(name, value)| {
                let name = name.strip_prefix("HTTP_")?;
                Some((name.to_lowercase().replace('_', "-"), value.into_bytes()))
            })
            .collect();
        headers.sort();
        Facts {
            method: variable("REQUEST_METHOD").unwrap_or_default(),
            scheme: if is_secure { "https" } else { "http" }.to_owned(),
            server_name: variable("SERVER_NAME").unwrap_or_default(),
            server_port: variable("SERVER_PORT"),
            path_with_query: variable("REQUEST_URI").unwrap_or_default(),
            headers,
        }
    }

    /// The request's body.
    pub fn into_body(self) -> Input {
        Input { error: None }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a request is described by variables"
)]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// The body of a request: standard input.
pub struct Input {
    error: Option<String>,
}

impl Input {
    /// The next bytes; none at the end, and where the body breaks off.
    pub async fn read(&mut self) -> Option<Vec<u8>> {
        let mut bytes = vec![0; READ_MAX];
        match io::stdin().lock().read(&mut bytes) {
            Ok(0) => return None,
            Ok(length) => bytes.truncate(length),
            Err(error) => {
                self.error = Some(error.to_string());
                return None;
            }
        }
        Some(bytes)
    }

    /// Why the body broke off, once everything is read. CGI has no trailer fields.
    pub async fn finish(self) -> std::result::Result<Fields, String> {
        self.error.map_or_else(|| Ok(Fields::new()), Err)
    }
}

/// Where the response goes. Dropped, it leaves the request without one.
pub struct Reply;

impl Reply {
    /// Answer with this text, and the status 200.
    pub async fn text(self, text: impl AsRef<[u8]>) -> Result {
        let mut body = self.head(200, TEXT);
        body.write(text).await?;
        body.finish().await;
        Ok(())
    }

    /// Send the head. The status 200 is what a response without a `Status` has.
    pub fn head(self, status: u16, fields: &[(&str, &[u8])]) -> Body {
        let mut head = match status {
            200 => Vec::new(),
            _ => format!("Status: {status} As Told\r\n").into_bytes(),
        };
        for (name, value) in fields {
            let parts = [name.as_bytes(), b": ", value, b"\r\n"];
            parts.iter().for_each(|part| head.extend_from_slice(part));
        }
        if fields.iter().all(|(name, _)| *name != "content-type") {
            // CGI wants it before a body.
            head.extend_from_slice(b"Content-Type: text/plain; charset=utf-8\r\n");
        }
        head.extend_from_slice(b"\r\n");
        // A reader that has gone is noticed when the body is written.
        drop(write(&head));
        Body
    }

    /// End as a program does that has failed.
    #[expect(clippy::print_stderr, reason = "a program's last words")]
    pub fn fail(self, why: &str) {
        eprintln!("{why}");
        exit(1);
    }
}

/// The body of a response.
pub struct Body;

impl Body {
    /// Send these bytes, and wait until the host has taken them.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> Result {
        write(bytes.as_ref()).map_err(|_| Closed)
    }

    /// End the body, which the program's end does.
    pub async fn finish(self) {}

    /// End the body. CGI has no trailer fields, so there can be none.
    pub async fn finish_with(self, trailers: Fields) {
        assert!(trailers.is_empty(), "CGI has no trailer fields");
    }

    /// End as a program does that has failed.
    #[expect(clippy::print_stderr, reason = "a program's last words")]
    pub async fn abort(self, why: &str) {
        eprintln!("{why}");
        exit(1);
    }
}

/// Write to standard output, past its buffer.
fn write(bytes: &[u8]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(bytes)?;
    output.flush()
}

#[expect(clippy::exit, reason = "it is how a program says that it has failed")]
fn exit(code: i32) -> ! {
    process::exit(code)
}

/// Sleep, as programs do.
#[expect(
    clippy::disallowed_methods,
    reason = "a guest's thread serves nobody else"
)]
pub async fn sleep_ms(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// So many random bytes of the host's, 256 at most.
#[expect(
    unsafe_code,
    reason = "the standard library has no function for random bytes"
)]
pub fn random_bytes(count: usize) -> Vec<u8> {
    unsafe extern "C" {
        fn getentropy(buffer: *mut u8, length: usize) -> i32;
    }
    let mut bytes = vec![0; count];
    // SAFETY: it writes no more than the length of the buffer.
    let result = unsafe { getentropy(bytes.as_mut_ptr(), bytes.len()) };
    assert_eq!(result, 0, "the host gives no random bytes");
    bytes
}

/// Make the program from `async fn handle(Request, Reply) -> Result`.
#[macro_export]
macro_rules! export {
    ($handle:path) => {
        fn main() {
            // After an error there is nobody to tell.
            let _: $crate::Result = $crate::block_on($handle($crate::Request, $crate::Reply));
        }
    };
}
