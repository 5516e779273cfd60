//! HTTP over the socket of a host that runs, one connection a request.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;
use wasgi_server::{ErrorMessage, connect_admin};

use super::table::escape;
use super::upload::Upload;
use crate::failure::{Failure, reason};

/// Time for what a host only has to look up.
const LOOK_UP_WAIT: Duration = Duration::from_secs(10);

/// Time for a change. Components are compiled meanwhile, perhaps after those of others.
const CHANGE_WAIT: Duration = Duration::from_mins(15);

/// Bytes of an answer: far more than the status of ten thousand apps.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A host that runs, by its state folder.
#[derive(Debug)]
pub(super) struct Client {
    folder: PathBuf,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum CallError {
    /// No host has this state folder.
    Absent(io::Error),
    /// The host did not do it, and says why.
    Refused(ErrorMessage),
    /// The exchange failed.
    Broken(String),
}

type RequestBody = UnsyncBoxBody<Bytes, io::Error>;

impl Client {
    pub(super) fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The host's state folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Asks for what is at a path.
    pub(super) async fn get(&self, path: &str) -> Result<Bytes, Failure> {
        self.look_up(path)
            .await
            .map_err(|error| self.failure(error))
    }

    /// Asks for what is at a path, and tells a host that is absent from one that refuses.
    pub(super) async fn look_up(&self, path: &str) -> Result<Bytes, CallError> {
        let request = request(
            &Method::GET,
            path,
            Empty::new().map_err(never).boxed_unsync(),
        )?;
        self.call(request, LOOK_UP_WAIT).await
    }

    /// Asks for a change.
    pub(super) async fn tell(
        &self,
        method: &Method,
        path: &str,
        json: Option<Value>,
    ) -> Result<Bytes, Failure> {
        let json = json.map_or_else(Bytes::new, |json| json.to_string().into());
        let body = Full::new(json).map_err(never).boxed_unsync();
        self.change(request(method, path, body)).await
    }

    /// Sends a component.
    pub(super) async fn send(&self, path: &str, upload: Upload) -> Result<Bytes, Failure> {
        let request = request(&Method::POST, path, upload.boxed_unsync()).map(|mut request| {
            let wasm = HeaderValue::from_static("application/wasm");
            request.headers_mut().insert(CONTENT_TYPE, wasm);
            request
        });
        self.change(request).await
    }

    async fn change(
        &self,
        request: Result<Request<RequestBody>, CallError>,
    ) -> Result<Bytes, Failure> {
        let answer = match request {
            Ok(request) => self.call(request, CHANGE_WAIT).await,
            Err(error) => Err(error),
        };
        answer.map_err(|error| self.failure(error))
    }

    async fn call(
        &self,
        request: Request<RequestBody>,
        wait: Duration,
    ) -> Result<Bytes, CallError> {
        // Limit: LOOK_UP_WAIT, CHANGE_WAIT
        timeout(wait, self.exchange(request))
            .await
            .unwrap_or_else(|_| Err(CallError::Broken(format!("no answer within {wait:?}"))))
    }

    async fn exchange(&self, request: Request<RequestBody>) -> Result<Bytes, CallError> {
        let stream = connect_admin(&self.folder)
            .await
            .map_err(CallError::Absent)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(&error))?;
        // What ends the connection ends the request too, so its error comes from there.
        drop(tokio::spawn(connection));
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| broken(&error))?;
        let status = response.status();
        // Limit: ANSWER_BYTES_MAX
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX);
        let body = body.collect().await;
        let body = body
            .map_err(|error| CallError::Broken(error.to_string()))?
            .to_bytes();
        if status.is_success() {
            return Ok(body);
        }
        Err(match serde_json::from_slice(&body) {
            Ok(refused) => CallError::Refused(refused),
            Err(_) => CallError::Broken(format!("it answered {status}")),
        })
    }

    /// What to tell of a call that failed.
    pub(super) fn failure(&self, error: CallError) -> Failure {
        let folder = self.folder.display();
        match error {
            CallError::Absent(error) => {
                let why = reason(&error);
                Failure::run_time(format!(
                    "no host is running with the state folder {folder}: {why}"
                ))
                .hint("start it with `wasgi serve`, or name another with `--state`")
            }
            CallError::Refused(refused) => {
                let failure = Failure::run_time(escape(&refused.error));
                match refused.hint {
                    Some(hint) => failure.hint(escape(&hint)),
                    None => failure,
                }
            }
            CallError::Broken(why) => Failure::run_time(format!(
                "cannot talk to the host with the state folder {folder}: {}",
                escape(&why)
            )),
        }
    }
}

/// Reads an answer.
pub(super) fn parse<T: DeserializeOwned>(answer: &Bytes) -> Result<T, Failure> {
    serde_json::from_slice(answer).map_err(|error| {
        Failure::run_time(format!("cannot understand what the host answered: {error}"))
            .hint("use the `wasgi` that the host was started with")
    })
}

fn request(
    method: &Method,
    path: &str,
    body: RequestBody,
) -> Result<Request<RequestBody>, CallError> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, "localhost")
        .body(body)
        .map_err(|error| CallError::Broken(error.to_string()))
}

fn broken(error: &hyper::Error) -> CallError {
    // What a body fails with is below the error that says so.
    match std::error::Error::source(error) {
        Some(source) => CallError::Broken(format!("{error}: {source}")),
        None => CallError::Broken(error.to_string()),
    }
}

fn never(error: std::convert::Infallible) -> io::Error {
    match error {}
}
