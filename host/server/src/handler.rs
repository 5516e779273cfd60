//! Where a request is decided on: check, route, call, answer.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use http::request::Parts;
use http::{Request, Response};
use hyper::body::{Body as _, Incoming};
use wasgi_gateway::{Body, Error, Kind, Origin};

use crate::connection::Connection;
use crate::exchange::{Download, Exchange};
use crate::upload::Upload;
use crate::{answer, target};

/// Answers one request, whatever happens.
pub(crate) async fn handle_request(
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> Result<Response<Download>, Infallible> {
    let (parts, incoming) = request.into_parts();
    connection.activity.request_began(incoming.is_end_stream());
    let mut exchange = Exchange::begin(&connection, &parts);
    let response = match call(&mut exchange, parts, incoming).await {
        Ok(response) => response,
        Err(error) => {
            exchange.fail(&error);
            let expose = connection.shared.config.expose_errors;
            answer::failed(&error, exchange.id, &exchange.method, expose)
        }
    };
    Ok(exchange.respond(response))
}

/// Has the request's app answer it.
async fn call(
    exchange: &mut Exchange,
    parts: Parts,
    incoming: Incoming,
) -> Result<Response<Body>, Error> {
    target::check(&parts)?;
    let connection = Arc::clone(&exchange.connection);
    let mount = connection
        .shared
        .mounts
        .find(parts.uri.path())
        .ok_or_else(|| {
            Error::new(
                Kind::NoApp,
                format!("no app is mounted at {}", parts.uri.path()),
            )
        })?;
    exchange.app = Some(Arc::clone(&mount.app));
    let origin = Origin {
        request_id: exchange.id,
        local: connection.local,
        remote: Arc::clone(&connection.remote),
        script_name_length: mount.path.len(),
    };
    let upload = Upload::new(incoming, Arc::clone(&connection.activity));
    let mut call = pin!(mount.app.call(Request::from_parts(parts, upload), origin));
    poll_fn(|cx| match call.as_mut().poll(cx) {
        Poll::Pending => exchange.poll_hangup(cx).map(Err),
        ready @ Poll::Ready(_) => ready,
    })
    .await
}
