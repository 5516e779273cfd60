//! Where a request is decided on: check, route, call, answer.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use hyper::body::{Body as _, Incoming};
use wasgi_gateway::{App, Body, BoxError, Error, Kind, Origin};

use crate::connection::Connection;
use crate::exchange::{Download, Exchange};
use crate::upload::Upload;
use crate::{answer, redirect, target};

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

/// Has the request's app answer it, and whom that redirects to.
async fn call(
    exchange: &mut Exchange,
    parts: Parts,
    incoming: Incoming,
) -> Result<Response<Body>, Error> {
    target::check(&parts)?;
    let route = route(exchange, &parts)?;
    // Only a response that may redirect needs the head again.
    let again = route.app.redirects_locally().then(|| parts.clone());
    let upload = Upload::new(incoming, Arc::clone(&exchange.connection.activity));
    let response = dispatch(exchange, route, Request::from_parts(parts, upload)).await?;
    match again {
        Some(parts) => redirect::follow(exchange, parts, response).await,
        None => Ok(response),
    }
}

/// Who answers a request.
pub(crate) struct Route {
    app: Arc<App>,
    /// Bytes at the start of the path that selected it.
    script_name_length: usize,
}

/// Finds the app of a request.
pub(crate) fn route(exchange: &mut Exchange, parts: &Parts) -> Result<Route, Error> {
    let path = parts.uri.path();
    let mount = exchange
        .connection
        .shared
        .mounts
        .find(path)
        .ok_or_else(|| Error::new(Kind::NoApp, format!("no app is mounted at {path}")))?;
    let route = Route {
        app: Arc::clone(&mount.app),
        script_name_length: mount.path.len(),
    };
    exchange.app = Some(Arc::clone(&route.app));
    Ok(route)
}

/// Has an app answer a request, for as long as the client waits.
pub(crate) async fn dispatch<B>(
    exchange: &mut Exchange,
    route: Route,
    request: Request<B>,
) -> Result<Response<Body>, Error>
where
    B: hyper::body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let connection = &exchange.connection;
    let origin = Origin {
        request_id: exchange.id,
        local: connection.local,
        remote: Arc::clone(&connection.remote),
        script_name_length: route.script_name_length,
    };
    let mut call = pin!(route.app.call(request, origin));
    poll_fn(|cx| match call.as_mut().poll(cx) {
        Poll::Pending => exchange.poll_hangup(cx).map(Err),
        ready @ Poll::Ready(_) => ready,
    })
    .await
}
