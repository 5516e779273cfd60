//! Where a request is decided on: check, route, call, answer.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use http::header::SET_COOKIE;
use http::request::Parts;
use http::{HeaderValue, Request, Response};
use hyper::body::{Body as _, Incoming};
use wasgi_gateway::{App, Body, BoxError, Error, Kind, Origin};

use crate::apps::Destination;
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
    let route = match route(exchange, &parts).await? {
        Routed::App(route) => route,
        Routed::Redirect(response) => return Ok(response),
    };
    // Only a response that may redirect needs the head again.
    let again = route.app.redirects_locally().then(|| parts.clone());
    let upload = Upload::new(incoming, Arc::clone(&exchange.connection.activity));
    let cookie = route.cookie.clone();
    let response = dispatch(exchange, route, Request::from_parts(parts, upload)).await?;
    let mut response = match again {
        Some(parts) => redirect::follow(exchange, parts, response).await?,
        None => response,
    };
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Where a request was sent.
pub(crate) enum Routed {
    App(Route),
    Redirect(Response<Body>),
}

/// Who answers a request.
pub(crate) struct Route {
    app: Arc<App>,
    /// Makes the client stay with this release.
    cookie: Option<HeaderValue>,
    /// Bytes at the start of the path that selected it.
    script_name_length: usize,
    /// What the route's pattern found in the path.
    parameters: Vec<(String, String)>,
}

/// Finds the app of a request, and loads it if nobody has asked for it before.
pub(crate) async fn route(exchange: &mut Exchange, parts: &Parts) -> Result<Routed, Error> {
    let connection = Arc::clone(&exchange.connection);
    let apps = &connection.shared.apps;
    match apps.find(parts) {
        None => {
            let path = parts.uri.path();
            let why = format!("no app answers the path {path} on this host");
            Err(Error::new(Kind::NoApp, why))
        }
        Some(Destination::Redirect { status, location }) => {
            Ok(Routed::Redirect(answer::redirect(status, location)))
        }
        Some(Destination::App {
            slot,
            script_name_length,
            parameters,
        }) => {
            exchange.app = Some(Arc::clone(&slot));
            let entry = apps
                .enter(&slot, parts, &connection.remote, exchange.began)
                .await?;
            Ok(Routed::App(Route {
                app: entry.app,
                cookie: entry.cookie,
                script_name_length,
                parameters,
            }))
        }
    }
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
        route_parameters: route.parameters,
        server: None,
    };
    let mut call = pin!(route.app.call(request, origin));
    poll_fn(|cx| match call.as_mut().poll(cx) {
        Poll::Pending => exchange.poll_hangup(cx).map(Err),
        ready @ Poll::Ready(_) => ready,
    })
    .await
}
