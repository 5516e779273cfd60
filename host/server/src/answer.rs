//! The responses that the server makes itself: to requests that failed.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderValue, Method, Response, StatusCode};
use wasgi_gateway::{Body, Error, Kind, RequestId};

/// Seconds after which a client that was refused for want of room may try again.
const RETRY_AFTER_SECONDS: u32 = 1;

/// The response to a request that failed: a reason and the request's name, and nothing of the
/// guest's unless `expose` says so.
pub(crate) fn failed(
    error: &Error,
    id: RequestId,
    method: &Method,
    expose: bool,
) -> Response<Body> {
    let mut text = format!("{}\nrequest id: {id}\n", error.kind().status());
    if error.kind() == Kind::NoApp {
        text.push_str("\nno app answers this path on this host\n");
    }
    if expose {
        text.push_str(&format!("\n{}\n", explain(error)));
    }
    let length = HeaderValue::from(text.len());
    let body = if *method == Method::HEAD {
        Bytes::new()
    } else {
        Bytes::from(text)
    };
    let mut response = Response::new(Body::whole(body));
    *response.status_mut() = error.kind().status();
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(CONTENT_LENGTH, length);
    if error.kind().status() == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    }
    response
}

/// The response of a redirect.
pub(crate) fn redirect(status: StatusCode, location: HeaderValue) -> Response<Body> {
    let mut response = Response::new(Body::whole(Bytes::new()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
    response
}

/// All that is known of an error: its chain, the guest's backtrace and last log lines.
pub(crate) fn explain(error: &Error) -> String {
    let mut text = format!("{}: {}", error.kind().code(), error.chain());
    if let Some(report) = error.report() {
        if !report.backtrace.is_empty() {
            text.push('\n');
            text.push_str(report.backtrace.trim_end());
        }
        for line in &report.log_tail {
            text.push_str("\n| ");
            text.push_str(line);
        }
    }
    text
}
