//! The fixtures over `wasi:http/incoming-handler@0.2`, written as SDKs for it are: blocking calls,
//! and output flushed in pieces of 4 KiB, which is all that one such call takes.
//!
//! It offers what the libraries of the other contracts offer, so that they share `behaviours`.

mod exchange;

use std::str::FromStr;
use std::time::Duration;

pub use exchange::Exchange;
pub use guest_shared::{
    Closed, Facts, Fields, Outgoing, Result, TEXT, block_on, deliberate_trap, parameter, spin,
};
pub use wasip2;
use wasip2::http::types::{
    self, ErrorCode, IncomingBody, IncomingRequest, Method, OutgoingBody, OutgoingResponse,
    ResponseOutparam, Scheme,
};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

/// What one call writes and flushes at most, says the contract.
const PIECE_MAX: usize = 4096;

/// What one call reads at most, as this guest chooses.
const READ_MAX: u64 = 64 * 1024;

/// A request.
pub struct Request(IncomingRequest);

impl Request {
    /// The request that the host hands over.
    pub fn new(request: IncomingRequest) -> Self {
        Self(request)
    }

    /// The value of the query's parameter `name`, if it is there and has this type.
    pub fn parameter<T: FromStr>(&self, name: &str) -> Option<T> {
        parameter(self.0.path_with_query()?.split_once('?')?.1, name)
    }

    /// The first value of a header field that is text.
    pub fn header(&self, name: &str) -> Option<String> {
        String::from_utf8(self.0.headers().get(name).into_iter().next()?).ok()
    }

    /// What the contract tells of the request.
    pub fn facts(&self) -> Facts {
        let scheme = match self.0.scheme() {
            Some(Scheme::Http) | None => "http".to_owned(),
            Some(Scheme::Https) => "https".to_owned(),
            Some(Scheme::Other(other)) => other,
        };
        let mut facts = Facts {
            method: method(self.0.method()),
            scheme,
            server_name: String::new(),
            server_port: None,
            path_with_query: self.0.path_with_query().unwrap_or_default(),
            headers: self.0.headers().entries(),
        };
        facts.set_authority(&self.0.authority().unwrap_or_default());
        facts
    }

    /// The request's body.
    pub fn into_body(self) -> Input {
        Input::new(self.0.consume().expect("it is consumed once"))
    }
}

fn method(method: Method) -> String {
    let name = match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(name) => return name,
    };
    name.to_owned()
}

/// The body of a request, or of a response to the guest's own. The stream is a child of the body,
/// and goes first.
pub struct Input {
    stream: InputStream,
    body: IncomingBody,
    error: Option<String>,
}

impl Input {
    fn new(body: IncomingBody) -> Self {
        let stream = body.stream().expect("it is asked for once");
        Self {
            stream,
            body,
            error: None,
        }
    }

    /// The next bytes; none at the end, and where the body breaks off.
    pub async fn read(&mut self) -> Option<Vec<u8>> {
        match self.stream.blocking_read(READ_MAX) {
            Ok(bytes) => return Some(bytes),
            Err(StreamError::Closed) => {}
            Err(StreamError::LastOperationFailed(error)) => {
                self.error = Some(error.to_debug_string());
            }
        }
        None
    }

    /// The trailer fields, or why the body broke off, once everything is read.
    pub async fn finish(self) -> std::result::Result<Fields, String> {
        if let Some(error) = self.error {
            return Err(error);
        }
        drop(self.stream);
        let future = IncomingBody::finish(self.body);
        future.subscribe().block();
        let trailers = future.get().expect("it is ready").expect("it is read once");
        let trailers = trailers.map_err(|error| format!("{error:?}"))?;
        Ok(trailers.map_or_else(Fields::new, |trailers| trailers.entries()))
    }
}

/// Where the response goes. Dropped, it leaves the request without one.
pub struct Reply(ResponseOutparam);

impl Reply {
    /// The place that the host hands over.
    pub fn new(out: ResponseOutparam) -> Self {
        Self(out)
    }

    /// Answer with this text, and the status 200.
    pub async fn text(self, text: impl AsRef<[u8]>) -> Result {
        let mut body = self.head(200, TEXT);
        body.write(text).await?;
        body.finish().await;
        Ok(())
    }

    /// Send the head. A guest that breaks the contract's own rules for one ends in a panic.
    pub fn head(self, status: u16, fields: &[(&str, &[u8])]) -> Body {
        let headers = types::Fields::new();
        for (name, value) in fields {
            let appended = headers.append(name, value);
            appended.expect("a field that the contract allows");
        }
        let response = OutgoingResponse::new(headers);
        let set = response.set_status_code(status);
        set.expect("a status that the contract allows");
        let body = response.body().expect("it is asked for once");
        let stream = body.write().expect("it is asked for once");
        ResponseOutparam::set(self.0, Ok(response));
        Body { stream, body }
    }

    /// Answer with an error instead of a response.
    pub fn fail(self, why: &str) {
        let error = ErrorCode::InternalError(Some(why.to_owned()));
        ResponseOutparam::set(self.0, Err(error));
    }
}

/// The body of a response. Dropped, it is incomplete. The stream is a child, and goes first.
pub struct Body {
    stream: OutputStream,
    body: OutgoingBody,
}

impl Body {
    /// Send these bytes, and wait until the host has taken them.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> Result {
        for piece in bytes.as_ref().chunks(PIECE_MAX) {
            let written = self.stream.blocking_write_and_flush(piece);
            written.map_err(|_| Closed)?;
        }
        Ok(())
    }

    /// End the body.
    pub async fn finish(self) {
        self.finish_with(Fields::new()).await;
    }

    /// End the body with trailer fields.
    #[expect(clippy::print_stderr, reason = "a guest's log")]
    pub async fn finish_with(self, trailers: Fields) {
        drop(self.stream);
        let trailers = (!trailers.is_empty())
            .then(|| types::Fields::from_list(&trailers).expect("fields that the contract allows"));
        if let Err(error) = OutgoingBody::finish(self.body, trailers) {
            eprintln!("the host refuses the end of the body: {error:?}");
        }
    }

    /// Give up. The contract has no words for a reason.
    pub async fn abort(self, _why: &str) {}
}

/// Sleep: only this instance waits.
#[expect(
    clippy::disallowed_methods,
    reason = "a guest's thread serves nobody else"
)]
pub async fn sleep_ms(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// So many random bytes of the host's.
pub fn random_bytes(count: usize) -> Vec<u8> {
    wasip2::random::random::get_random_bytes(count as u64)
}

/// Make the component's export from `async fn handle(Request, Reply) -> Result`.
#[macro_export]
macro_rules! export {
    ($handle:path) => {
        struct App;

        impl $crate::wasip2::exports::http::incoming_handler::Guest for App {
            fn handle(
                request: $crate::wasip2::http::types::IncomingRequest,
                out: $crate::wasip2::http::types::ResponseOutparam,
            ) {
                let (request, reply) = ($crate::Request::new(request), $crate::Reply::new(out));
                // After an error there is nobody to tell.
                let _: $crate::Result = $crate::block_on($handle(request, reply));
            }
        }

        $crate::wasip2::http::proxy::export!(App);
    };
}
