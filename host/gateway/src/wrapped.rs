//! The app that a middleware wraps, for the one request that the middleware serves.
//!
//! The inner guest runs in its own store, while the middleware's call of it is polled on the
//! middleware's fiber: there is no task or queue in between, and dropping the outer call drops the
//! inner one. Owns the body of the inner response, and why the inner app failed. Must not know how
//! a contract's calls look.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;

use crate::app::App;
use crate::body::Body;
use crate::error::{Error, Fault, Kind};
use crate::input::{READ_BYTES_MAX, Rest};
use crate::limits::Limits;
use crate::push::LocalRedirect;
use crate::request::Origin;

/// An inner app and its response to one request.
pub(crate) struct Wrapped {
    app: Arc<App>,
    /// Where the middleware's own request came from.
    origin: Origin,
    /// Which of the instance's requests this is for. A body that the guest keeps from an earlier
    /// one is not this one's.
    generation: u32,
    /// Bytes that the middleware is handed at once.
    chunk_bytes_max: usize,
    body: Stage,
    /// What came with the last frame and did not fit the last chunk.
    rest: Bytes,
    trailers: HeaderMap,
    /// Why the app failed, as long as nobody else tells of it.
    error: Option<Error>,
}

/// How far the inner body is.
enum Stage {
    Open(Body),
    Ended,
    Failed,
}

/// What follows the head of an inner response.
pub(crate) enum Content {
    Empty,
    Bytes(Bytes),
    /// What [`Wrapped::next`] gives.
    Chunks,
}

impl Wrapped {
    /// For a request of the middleware, whose limits these are.
    pub(crate) fn new(app: &Arc<App>, origin: &Origin, generation: u32, limits: &Limits) -> Self {
        let host_call = usize::try_from(limits.host_call).unwrap_or(usize::MAX);
        Self {
            app: Arc::clone(app),
            origin: origin.clone(),
            generation,
            // What is handed over comes back as likely as not, and counts then.
            chunk_bytes_max: (host_call / 2).clamp(1, READ_BYTES_MAX),
            body: Stage::Ended,
            rest: Bytes::new(),
            trailers: HeaderMap::new(),
            error: None,
        }
    }

    /// Where the middleware's own request came from.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Calls the app. Fails with a text for the middleware.
    pub(crate) async fn call(
        &mut self,
        request: Request<Rest>,
        origin: Origin,
    ) -> Result<Response<Content>, String> {
        let response = Box::pin(self.app.call(request, origin)).await;
        let response = response.and_then(refuse_redirect);
        let (parts, body) = response.map_err(|error| self.fail(error))?.into_parts();
        let content = match body.into_whole() {
            Ok(bytes) if bytes.is_empty() => Content::Empty,
            Ok(bytes) if bytes.len() <= self.chunk_bytes_max => Content::Bytes(bytes),
            Ok(bytes) => self.open(Body::whole(bytes)),
            Err(body) => self.open(body),
        };
        Ok(Response::from_parts(parts, content))
    }

    fn open(&mut self, body: Body) -> Content {
        self.body = Stage::Open(body);
        Content::Chunks
    }

    /// Takes the next chunk of the response's body; none at its end. Fails with a text for the
    /// middleware.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, String> {
        while self.rest.is_empty() {
            let frame = match &mut self.body {
                Stage::Open(body) => body.frame().await,
                Stage::Ended => return Ok(None),
                Stage::Failed => return Err("the body has failed before".to_owned()),
            };
            match frame {
                None => self.body = Stage::Ended,
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(frame) => self.trailers = frame.into_trailers().unwrap_or_default(),
                },
                Some(Err(error)) => {
                    self.body = Stage::Failed;
                    return Err(self.fail(error));
                }
            }
        }
        let length = self.rest.len().min(self.chunk_bytes_max);
        Ok(Some(self.rest.split_to(length)))
    }

    /// Takes the trailers that the body ended with.
    pub(crate) fn take_trailers(&mut self) -> HeaderMap {
        std::mem::take(&mut self.trailers)
    }

    /// Drops the body, and with it the guest that makes it.
    pub(crate) fn close(&mut self) {
        self.body = Stage::Ended;
        self.rest = Bytes::new();
    }

    /// Whether a handle is that of this request's body.
    pub(crate) fn is_of(&self, generation: u32) -> bool {
        self.generation == generation
    }

    /// Which of the instance's requests this is for.
    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    /// Why the app failed, for whoever tells of it now.
    pub(crate) fn take_error(&mut self) -> Option<Error> {
        self.error.take()
    }

    /// Keeps an error for whoever tells of it, and returns its text for the middleware.
    fn fail(&mut self, error: Error) -> String {
        let text = error.to_string();
        self.error = Some(error.of_app(&self.app.settings.name));
        text
    }
}

/// A local redirect is followed by the server, which may route it to any app: what a middleware
/// would do to its response is not clear.
fn refuse_redirect(response: Response<Body>) -> Result<Response<Body>, Error> {
    match response.extensions().get::<LocalRedirect>() {
        None => Ok(response),
        Some(LocalRedirect(target)) => Err(Error::new(
            Kind::BadResponse,
            format!("it redirected locally to {target:?}, which no app behind a middleware can do"),
        )),
    }
}

impl Drop for Wrapped {
    /// Tells of an error that the middleware made nothing of: no response shows it any more.
    fn drop(&mut self) {
        let Some(error) = self.error.take() else {
            return;
        };
        let (app, request) = (error.app().unwrap_or_default(), self.origin.request_id);
        let (code, mut text) = (error.kind().code(), error.chain());
        if let Some(report) = error.report().filter(|report| !report.backtrace.is_empty()) {
            text.push('\n');
            text.push_str(report.backtrace.trim_end());
        }
        if error.kind().fault() == Fault::Client {
            tracing::info!(app, %request, code, "{text}");
        } else {
            tracing::warn!(app, %request, code, "{text}");
        }
    }
}
