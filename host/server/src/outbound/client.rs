//! Sends one app's requests, each within its grants and limits.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Method, Request, Response, StatusCode, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, connect::capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{sleep, timeout};
use wasgi_gateway::{
    Outbound, OutboundAddresses, OutboundBody, OutboundError, OutboundPlace, OutboundResponse,
    OutboundTimeouts,
};

use super::body::{Bounds, Place, RequestBody, ResponseBody};
use super::connector::{Connector, Resolver};
use super::failure::failed;
use super::fields::{declared_length, strip_hop_by_hop};
use super::grant::{Host, Target};
use super::policy::Policy;
use super::settings::{OutboundLimits, OutboundSettings, Waits};
use super::sockets::Known;

/// Connections that are kept for a next request to the same host.
const KEPT_PER_HOST_MAX: usize = 8;

/// Time that they are kept. Servers commonly close them after a minute or later; a request that
/// meets that moment fails.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// Bytes of a response's head after which hyper reads no more of it.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Fields in a response's head.
const HEAD_FIELDS_MAX: usize = 100;

/// Sends the requests of one app's guests, to the hosts that it was granted.
///
/// It keeps connections for the next request. They close when it is dropped.
#[derive(Debug)]
pub struct OutboundClient {
    policy: Arc<Policy>,
    limits: OutboundLimits,
    places: Arc<Semaphore>,
    resolver: Resolver,
    /// What the names stand for that sockets connect to.
    known: Arc<Known>,
    http: Client<Connector, RequestBody>,
}

impl OutboundClient {
    /// The client of an app. Nothing is opened or read before the first request.
    pub fn new(settings: OutboundSettings) -> Self {
        let OutboundSettings {
            allow,
            sockets,
            private,
            limits,
        } = settings;
        let policy = Arc::new(Policy {
            allow,
            private,
            sockets,
        });
        let resolver = Resolver::new(Arc::clone(&policy));
        let http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            // Limit: KEPT_FOR
            .pool_idle_timeout(KEPT_FOR)
            // Limit: KEPT_PER_HOST_MAX
            .pool_max_idle_per_host(KEPT_PER_HOST_MAX)
            // Limit: HEAD_BYTES_MAX
            .http1_max_buf_size(HEAD_BYTES_MAX)
            // Limit: HEAD_FIELDS_MAX
            .http1_max_headers(HEAD_FIELDS_MAX)
            .build(Connector::new(resolver.clone(), &limits));
        let places = limits.concurrency.min(Semaphore::MAX_PERMITS);
        Self {
            policy,
            limits,
            places: Arc::new(Semaphore::new(places)),
            resolver,
            known: Arc::default(),
            http,
        }
    }

    fn take_place(&self) -> Result<OwnedSemaphorePermit, OutboundError> {
        // Limit: OutboundLimits::concurrency
        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map_err(|_| OutboundError::ConnectionLimitReached(self.limits.concurrency))
    }

    /// Checks a request, and takes a place for it.
    fn admit(&self, request: Request<OutboundBody>) -> Result<Admitted, OutboundError> {
        let (mut head, body) = request.into_parts();
        if head.method == Method::CONNECT {
            let why = "expected a request for a resource, got CONNECT, which asks for a tunnel";
            return Err(OutboundError::Protocol(why.to_owned()));
        }
        let target = Target::of(&head.uri)?;
        self.policy.check(&target)?;
        head.uri = target.with_path(&head.uri)?;
        head.version = Version::HTTP_11;
        strip_hop_by_hop(&mut head.headers);
        let declared = declared_length(&mut head.headers)?;
        let place = self.take_place().map(Arc::new)?;
        let bounds = Bounds {
            bytes: self.limits.request_body,
            idle: self.limits.idle,
        };
        let (body, sent) = RequestBody::new(body, declared, bounds, Arc::clone(&place))?;
        Ok(Admitted {
            request: Request::from_parts(head, body),
            sent,
            place,
        })
    }
}

impl Outbound for OutboundClient {
    fn send(&self, request: Request<OutboundBody>, timeouts: OutboundTimeouts) -> OutboundResponse {
        let waits = self.limits.shortened(timeouts);
        let bounds = Bounds {
            bytes: self.limits.response_body,
            idle: waits.idle,
        };
        let http = self.http.clone();
        let admitted = self.admit(request);
        Box::pin(async move {
            let Admitted {
                request,
                sent,
                place,
            } = admitted?;
            let response = respond(&http, request, sent, waits).await?;
            let (mut head, incoming) = response.into_parts();
            if head.status == StatusCode::SWITCHING_PROTOCOLS {
                let why = "expected a response, got 101, a change of protocol nobody asked for";
                return Err(OutboundError::Protocol(why.to_owned()));
            }
            if head.headers.contains_key(TRANSFER_ENCODING) {
                // The coding decided where the body ends, and it is removed.
                head.headers.remove(CONTENT_LENGTH);
            }
            strip_hop_by_hop(&mut head.headers);
            let body = ResponseBody::new(incoming, bounds, place)?;
            Ok(Response::from_parts(head, body.boxed_unsync()))
        })
    }

    fn grants_sockets(&self) -> bool {
        !self.policy.sockets.is_empty()
    }

    fn place(&self) -> Result<OutboundPlace, OutboundError> {
        Ok(Box::new(self.take_place()?))
    }

    fn resolve(&self, name: String) -> OutboundAddresses {
        let (resolver, known) = (self.resolver.clone(), Arc::clone(&self.known));
        let (policy, limit) = (Arc::clone(&self.policy), self.limits.connect);
        Box::pin(async move {
            let Some(host) = Host::read(&name) else {
                return Err(OutboundError::RequestDenied(name));
            };
            policy.check_name(&host)?;
            let name = match host {
                Host::Address(address) => return Ok(vec![address]),
                Host::Name(name) => name,
            };
            let wrong = |error| OutboundError::Dns(format!("{name}: {error}"));
            let asked = name.parse().map_err(wrong)?;
            // Limit: OutboundLimits::connect
            let found = timeout(limit, resolver.resolve(asked)).await;
            let found = found.unwrap_or(Err(OutboundError::ConnectionTimeout))?;
            let addresses: Vec<_> = found.map(|found| found.ip().to_canonical()).collect();
            known.add(&name, &addresses);
            Ok(addresses)
        })
    }

    fn may_connect(&self, address: SocketAddr) -> bool {
        self.policy.may_connect(address, &self.known)
    }
}

/// A request that may be sent.
struct Admitted {
    request: Request<RequestBody>,
    /// Resolves once the request is sent.
    sent: oneshot::Receiver<Infallible>,
    place: Place,
}

/// Sends a request and waits for the response's head.
async fn respond(
    http: &Client<Connector, RequestBody>,
    mut request: Request<RequestBody>,
    sent: oneshot::Receiver<Infallible>,
    waits: Waits,
) -> Result<Response<Incoming>, OutboundError> {
    let mut connection = capture_connection(&mut request);
    let connected = async move { drop(connection.wait_for_connection_metadata().await) };
    let mut response = pin!(async { http.request(request).await.map_err(|error| failed(&error)) });
    tokio::select! {
        biased;
        response = &mut response => return response,
        () = connected => {}
        // Limit: OutboundLimits::connect
        () = sleep(waits.connect) => return Err(OutboundError::ConnectionTimeout),
    }
    // The body's and the connection's own timers bound this.
    tokio::select! {
        biased;
        response = &mut response => return response,
        _ = sent => {}
    }
    // Limit: OutboundLimits::response
    timeout(waits.response, response)
        .await
        .unwrap_or(Err(OutboundError::ResponseTimeout))
}
