//! Opens connections for one app, to the addresses that it may reach.
//!
//! A name is resolved once, and what is connected to is the very addresses that were checked, so a
//! name that changes its address in between gains nothing.

use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioIo;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::either::Either;
use tower_service::Service;
use wasgi_gateway::OutboundError;

use super::failure::refused;
use super::grant::{Scheme, Target};
use super::policy::Policy;
use super::settings::OutboundLimits;
use super::stream::Stream;
use super::tls::Tls;

/// Connections of one app that are kept for a next request, to all hosts together. What is opened
/// beyond them is closed after its exchange. Each holds a descriptor of the host's.
const KEPT_MAX: usize = 64;

/// Names of one app that are being resolved. The system's resolver occupies a thread for each, and
/// goes on when nobody waits for it any more.
const LOOKUPS_MAX: usize = 4;

/// Opens connections for hyper's pool.
#[derive(Clone)]
pub(super) struct Connector {
    tcp: HttpConnector<Resolver>,
    tls: Arc<Tls>,
    kept: Arc<Semaphore>,
    connect: Duration,
    idle: Duration,
}

impl Connector {
    pub(super) fn new(resolver: Resolver, limits: &OutboundLimits) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(resolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // The addresses of a name share the time, so that one that is silent leaves some to others.
        tcp.set_connect_timeout(Some(limits.connect));
        Self {
            tcp,
            tls: Arc::new(Tls::default()),
            kept: Arc::new(Semaphore::new(KEPT_MAX)),
            connect: limits.connect,
            idle: limits.idle,
        }
    }

    async fn open(mut self, uri: Uri) -> Result<TokioIo<Stream>, OutboundError> {
        let target = Target::of(&uri)?;
        let tcp = self.tcp.call(uri).await.map_err(|error| refused(&error))?;
        let tcp = tcp.into_inner();
        let transport = match target.scheme {
            Scheme::Http => Either::Left(tcp),
            Scheme::Https => Either::Right(Box::new(self.tls.connect(&target.host, tcp).await?)),
        };
        // Limit: KEPT_MAX
        let kept = self.kept.try_acquire_owned().ok();
        Ok(TokioIo::new(Stream::new(transport, self.idle, kept)))
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = OutboundError;
    type Future = Pin<Box<dyn Future<Output = Result<TokioIo<Stream>, OutboundError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OutboundError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            // Limit: OutboundLimits::connect
            timeout(connector.connect, connector.open(uri))
                .await
                .unwrap_or(Err(OutboundError::ConnectionTimeout))
        })
    }
}

/// Resolves names, to the addresses that the app may reach.
#[derive(Clone, Debug)]
pub(super) struct Resolver {
    policy: Arc<Policy>,
    lookups: Arc<Semaphore>,
}

impl Resolver {
    pub(super) fn new(policy: Arc<Policy>) -> Self {
        Self {
            policy,
            lookups: Arc::new(Semaphore::new(LOOKUPS_MAX)),
        }
    }

    pub(super) async fn resolve(
        self,
        name: Name,
    ) -> Result<std::vec::IntoIter<SocketAddr>, OutboundError> {
        let failed = |error: String| OutboundError::Dns(format!("{name}: {error}"));
        // Limit: LOOKUPS_MAX
        let lookup = self
            .lookups
            .acquire_owned()
            .await
            .map_err(|error| failed(error.to_string()))?;
        let host = name.to_string();
        let found = tokio::task::spawn_blocking(move || {
            let addresses = (host.as_str(), 0).to_socket_addrs();
            drop(lookup);
            addresses
        })
        .await
        .map_err(|error| failed(error.to_string()))?
        .map_err(|error| failed(error.to_string()))?;
        let (permitted, prohibited): (Vec<_>, Vec<_>) =
            found.partition(|address| self.policy.permits(name.as_str(), address.ip()));
        match prohibited.first() {
            Some(address) if permitted.is_empty() => {
                Err(OutboundError::AddressProhibited(address.ip()))
            }
            _ if permitted.is_empty() => Err(failed("it has no address".to_owned())),
            _ => Ok(permitted.into_iter()),
        }
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = OutboundError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, OutboundError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OutboundError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(self.clone().resolve(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolver(private: &str) -> Resolver {
        Resolver {
            policy: Arc::new(Policy {
                allow: Vec::new(),
                private: vec![private.parse().unwrap()],
                sockets: Vec::new(),
            }),
            lookups: Arc::new(Semaphore::new(1)),
        }
    }

    // The system's resolver takes these for names of the loopback, whatever its configuration.
    #[tokio::test]
    async fn a_name_of_a_private_address_is_refused_unless_granted() {
        for name in ["127.0.0.1", "127.1", "2130706433", "0x7f000001"] {
            let name: Name = name.parse().unwrap();
            let error = resolver("10.0.0.0/8").resolve(name.clone()).await;
            let loopback = [127, 0, 0, 1].into();
            assert_eq!(
                error.unwrap_err(),
                OutboundError::AddressProhibited(loopback)
            );

            let found = resolver("127.0.0.0/8").resolve(name).await.unwrap();
            assert!(found.as_slice().iter().all(|found| found.ip() == loopback));
        }
    }

    #[tokio::test]
    async fn a_name_that_nobody_has_is_told() {
        let name: Name = "a..b".parse().unwrap();
        let error = resolver("10.0.0.0/8").resolve(name).await.unwrap_err();
        assert!(matches!(error, OutboundError::Dns(_)), "{error}");
    }

    #[tokio::test]
    async fn a_connection_that_is_not_made_in_time_is_given_up() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("https://{}", silent.local_addr().unwrap());
        let policy = Policy {
            allow: vec![uri.parse().unwrap()],
            private: Vec::new(),
            sockets: Vec::new(),
        };
        let limits = OutboundLimits {
            connect: Duration::from_millis(50),
            ..OutboundLimits::DEFAULT
        };
        let mut connector = Connector::new(Resolver::new(Arc::new(policy)), &limits);
        connector.tls = Arc::new(Tls::trusting(Vec::new()));
        let error = connector.call(uri.parse().unwrap()).await.err();
        assert_eq!(error, Some(OutboundError::ConnectionTimeout));
    }

    #[tokio::test]
    async fn only_so_many_connections_are_kept() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri: Uri = format!("http://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let policy = Policy {
            allow: Vec::new(),
            private: Vec::new(),
            sockets: Vec::new(),
        };
        let mut connector =
            Connector::new(Resolver::new(Arc::new(policy)), &OutboundLimits::DEFAULT);
        let mut kept = Vec::new();
        for _ in 0..KEPT_MAX {
            kept.push(connector.call(uri.clone()).await.unwrap());
            assert!(kept.iter().all(|stream| stream.inner().is_kept()));
        }
        assert!(!connector.call(uri.clone()).await.unwrap().inner().is_kept());
        drop(kept.pop());
        assert!(connector.call(uri).await.unwrap().inner().is_kept());
    }
}
