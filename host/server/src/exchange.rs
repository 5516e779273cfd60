//! One request and its response, from the head to the last byte, and what the logs say of it.
//!
//! Whichever way an exchange ends, it is logged once: when it is dropped.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONNECTION, REFERER, USER_AGENT};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, Uri, Version};
use http_body::{Frame, SizeHint};
use tokio::time::Instant;
use wasgi_gateway::{Body, Error, Fault, Kind, RequestId};

use crate::access_log::Line;
use crate::answer::explain;
use crate::apps::Slot;
use crate::connection::Connection;
use crate::hangup::Hangup;

/// A request on its way through the server.
pub(crate) struct Exchange {
    pub(crate) connection: Arc<Connection>,
    pub(crate) id: RequestId,
    pub(crate) method: Method,
    pub(crate) app: Option<Arc<Slot>>,
    target: Uri,
    version: Version,
    referer: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
    pub(crate) began: Instant,
    status: Option<StatusCode>,
    bytes: u64,
    error: Option<Kind>,
    /// The response was handed over to its end.
    complete: bool,
    hangup: Option<Hangup>,
}

impl Exchange {
    /// Begins with a request's head.
    pub(crate) fn begin(connection: &Arc<Connection>, parts: &Parts) -> Self {
        let logged = connection.shared.log.is_on();
        let field = |name| {
            if logged {
                parts.headers.get(name).cloned()
            } else {
                None
            }
        };
        Self {
            connection: Arc::clone(connection),
            id: connection.shared.ids.next(),
            method: parts.method.clone(),
            app: None,
            target: parts.uri.clone(),
            version: parts.version,
            referer: field(REFERER),
            user_agent: field(USER_AGENT),
            began: Instant::now(),
            status: None,
            bytes: 0,
            error: None,
            complete: false,
            hangup: None,
        }
    }

    /// Logs why the request failed.
    pub(crate) fn fail(&mut self, error: &Error) {
        let kind = error.kind();
        self.error = Some(kind);
        let status = self.status.unwrap_or_else(|| kind.status()).as_u16();
        let (request, method, target) = (self.id, &self.method, &self.target);
        let app = self.app_name().unwrap_or("-");
        let duration_ms = self.began.elapsed().as_millis();
        let (code, fault) = (kind.code(), kind.fault().code());
        let explained = explain(error);
        if kind.fault() == Fault::Client {
            tracing::info!(%request, app, %method, %target, fault, code, status, duration_ms, "{explained}");
        } else {
            tracing::error!(%request, app, %method, %target, fault, code, status, duration_ms, "{explained}");
        }
    }

    /// Goes on with the response's body.
    pub(crate) fn respond(mut self, mut response: Response<Body>) -> Response<Download> {
        self.status = Some(response.status());
        if self.connection.activity.ends_with_next() {
            // hyper closes after a response that says so.
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        response.map(|body| Download {
            body,
            exchange: self,
            unwritten: true,
            failed: None,
        })
    }

    /// Ready once the client has left without having sent all of its body. Otherwise hyper sees it.
    pub(crate) fn poll_hangup(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        if self.connection.activity.is_request_read() {
            return Poll::Pending;
        }
        if self.hangup.is_none() {
            // Without the watch, the guest runs until it reads, writes, or reaches a limit.
            self.hangup = Hangup::new(&self.connection.descriptor).ok();
        }
        match &self.hangup {
            Some(hangup) => hangup.poll(cx).map(|()| client_gone()),
            None => Poll::Pending,
        }
    }

    fn app_name(&self) -> Option<&str> {
        self.app.as_ref().map(|slot| slot.name.as_str())
    }
}

fn client_gone() -> Error {
    Error::new(
        Kind::ClientGone,
        "the client left before the response was complete",
    )
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.complete && self.error.is_none() {
            self.fail(&client_gone());
        }
        let connection = &self.connection;
        connection.activity.request_ended(Instant::now());
        if !connection.shared.log.is_on() {
            return;
        }
        let status = self.status.unwrap_or(Kind::ClientGone.status());
        connection.shared.log.add(&Line {
            remote: &connection.remote.address,
            method: &self.method,
            target: &self.target,
            version: self.version,
            status: status.as_u16(),
            bytes: self.bytes,
            referer: self.referer.as_ref(),
            user_agent: self.user_agent.as_ref(),
            duration: self.began.elapsed(),
            request_id: self.id.as_str(),
            app: self.app_name(),
            error: self.error.map(Kind::code),
        });
    }
}

/// The body of a response on its way to the connection.
pub(crate) struct Download {
    body: Body,
    exchange: Exchange,
    /// What hyper has of this response may not be written yet.
    unwritten: bool,
    /// The error that ends the response once that is written.
    failed: Option<Error>,
}

impl Download {
    /// Ends the response with an error.
    ///
    /// hyper closes the connection on an error and forgets what it has not written. It writes when
    /// a body has nothing for it, so this has nothing for it first: what the guest has sent reaches
    /// the client.
    fn end(&mut self, error: Error, cx: &Context<'_>) -> Poll<Error> {
        if std::mem::take(&mut self.unwritten) {
            self.failed = Some(error);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(error)
    }
}

impl http_body::Body for Download {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let frame = match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => match self.exchange.poll_hangup(cx) {
                Poll::Ready(error) => Some(Err(error)),
                Poll::Pending => {
                    self.unwritten = false;
                    return Poll::Pending;
                }
            },
        };
        match frame {
            Some(Ok(frame)) => {
                self.unwritten = true;
                self.exchange.bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                self.exchange.fail(&error);
                self.end(error, cx).map(|error| Some(Err(error)))
            }
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.failed.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        self.exchange.complete = http_body::Body::is_end_stream(&self.body);
    }
}
