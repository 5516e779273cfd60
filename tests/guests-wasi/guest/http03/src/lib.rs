//! The fixtures over `wasi:http/handler@0.3`: asynchronous, with a task that goes on when the head
//! is returned.
//!
//! It offers what the libraries of the other contracts offer, so that they share `behaviours`.

mod exchange;

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::str::FromStr;
use std::task::Poll;

pub use exchange::Exchange;
pub use guest_shared::{
    Closed, Facts, Fields, Outgoing, Result, TEXT, deliberate_trap, parameter, spin,
};
pub use wasip3;
use wasip3::http::types::{self, ErrorCode, Method, Response, Scheme, Trailers};
use wasip3::wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamResult, StreamWriter};
use wasip3::{spawn_local, wit_future, wit_stream};

/// What one call reads at most, as this guest chooses.
const READ_MAX: usize = 64 * 1024;

type End = std::result::Result<Option<Trailers>, ErrorCode>;
type Complaint = std::result::Result<(), ErrorCode>;

/// A request.
pub struct Request(types::Request);

impl Request {
    /// The value of the query's parameter `name`, if it is there and has this type.
    pub fn parameter<T: FromStr>(&self, name: &str) -> Option<T> {
        parameter(self.0.get_path_with_query()?.split_once('?')?.1, name)
    }

    /// The first value of a header field that is text.
    pub fn header(&self, name: &str) -> Option<String> {
        String::from_utf8(self.0.get_headers().get(name).into_iter().next()?).ok()
    }

    /// What the contract tells of the request.
    pub fn facts(&self) -> Facts {
        let scheme = match self.0.get_scheme() {
            Some(Scheme::Http) | None => "http".to_owned(),
            Some(Scheme::Https) => "https".to_owned(),
            Some(Scheme::Other(other)) => other,
        };
        let mut facts = Facts {
            method: method(self.0.get_method()),
            scheme,
            server_name: String::new(),
            server_port: None,
            path_with_query: self.0.get_path_with_query().unwrap_or_default(),
            headers: self.0.get_headers().copy_all(),
        };
        facts.set_authority(&self.0.get_authority().unwrap_or_default());
        facts
    }

    /// The request's body.
    pub fn into_body(self) -> Input {
        let (result_writer, result) = wit_future::new(|| Ok(()));
        let body = types::Request::consume_body(self.0, result);
        Input::new(body, result_writer)
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

/// The body of a request, or of a response to the guest's own.
pub struct Input {
    stream: StreamReader<u8>,
    end: FutureReader<End>,
    /// Says, when it is dropped, that the guest has no complaint.
    _result: FutureWriter<Complaint>,
}

impl Input {
    fn new(
        (stream, end): (StreamReader<u8>, FutureReader<End>),
        result: FutureWriter<Complaint>,
    ) -> Self {
        Self {
            stream,
            end,
            _result: result,
        }
    }

    /// The next bytes; none at the end, and where the body breaks off.
    pub async fn read(&mut self) -> Option<Vec<u8>> {
        let (result, bytes) = self.stream.read(Vec::with_capacity(READ_MAX)).await;
        matches!(result, StreamResult::Complete(_)).then_some(bytes)
    }

    /// The trailer fields, or why the body broke off, once everything is read.
    pub async fn finish(self) -> std::result::Result<Fields, String> {
        let trailers = self.end.await.map_err(|error| format!("{error:?}"))?;
        Ok(trailers.map_or_else(Fields::new, |trailers| trailers.copy_all()))
    }
}

/// What the contract's `handle` returns.
pub type Answer = std::result::Result<Response, ErrorCode>;

/// Where the response goes. Dropped, it leaves the request without one.
pub struct Reply(Rc<Cell<Option<Answer>>>);

impl Reply {
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
        let (stream, contents) = wit_stream::new();
        let (end, trailers) = wit_future::new(|| {
            let why = "the guest has dropped the body".to_owned();
            Err(ErrorCode::InternalError(Some(why)))
        });
        let (response, _) = Response::new(headers, Some(contents), trailers);
        let set = response.set_status_code(status);
        set.expect("a status that the contract allows");
        self.0.set(Some(Ok(response)));
        Body { stream, end }
    }

    /// Answer with an error instead of a response.
    pub fn fail(self, why: &str) {
        let error = ErrorCode::InternalError(Some(why.to_owned()));
        self.0.set(Some(Err(error)));
    }
}

/// The body of a response. Dropped, it is incomplete.
pub struct Body {
    stream: StreamWriter<u8>,
    end: FutureWriter<End>,
}

impl Body {
    /// Send these bytes, and wait until the host has taken them.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> Result {
        let left = self.stream.write_all(bytes.as_ref().to_vec()).await;
        if left.is_empty() { Ok(()) } else { Err(Closed) }
    }

    /// End the body.
    pub async fn finish(self) {
        self.end(Ok(None)).await;
    }

    /// End the body with trailer fields.
    pub async fn finish_with(self, trailers: Fields) {
        let trailers = (!trailers.is_empty())
            .then(|| Trailers::from_list(&trailers).expect("fields that the contract allows"));
        self.end(Ok(trailers)).await;
    }

    /// Give up, and tell the host why.
    pub async fn abort(self, why: &str) {
        let error = ErrorCode::InternalError(Some(why.to_owned()));
        self.end(Err(error)).await;
    }

    async fn end(self, end: End) {
        drop(self.stream);
        // Where nobody takes the end, the response was given up: nothing is left to do.
        drop(self.end.write(end).await);
    }
}

/// Sleep: only this task waits.
pub async fn sleep_ms(ms: u64) {
    wasip3::clocks::monotonic_clock::wait_for(ms * 1_000_000).await;
}

/// So many random bytes of the host's.
pub fn random_bytes(count: usize) -> Vec<u8> {
    wasip3::random::random::get_random_bytes(count as u64)
}

/// Run a fixture until it has sent a head, and return that; the rest goes on in a task.
pub async fn answer<F>(request: types::Request, handle: fn(Request, Reply) -> F) -> Answer
where
    F: Future<Output = Result> + 'static,
{
    let place = Rc::new(Cell::new(None));
    let mut rest = Box::pin(handle(Request(request), Reply(Rc::clone(&place))));
    let mut is_done = false;
    let answer = poll_fn(|task| {
        is_done = Pin::new(&mut rest).poll(task).is_ready();
        match place.take() {
            None if !is_done => Poll::Pending,
            answer => Poll::Ready(answer),
        }
    });
    let answer = answer.await;
    if !is_done {
        // After an error there is nobody to tell.
        spawn_local(async { _ = rest.await });
    }
    answer.expect("the contract has no way to end without an answer")
}

/// Make the component's export from `async fn handle(Request, Reply) -> Result`.
#[macro_export]
macro_rules! export {
    ($handle:path) => {
        struct App;

        impl $crate::wasip3::exports::http::handler::Guest for App {
            async fn handle(request: $crate::wasip3::http::types::Request) -> $crate::Answer {
                $crate::answer(request, $handle).await
            }
        }

        $crate::wasip3::http::service::export!(App);
    };
}
