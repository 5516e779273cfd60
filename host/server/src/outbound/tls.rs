//! TLS to other hosts.
//!
//! The cryptography is ring's, which builds with a C compiler and nothing else. The roots are the
//! operator's (`SSL_CERT_FILE`, `SSL_CERT_DIR`, else the system's), so that a host trusts what its
//! machine trusts, without a new release. They are read when an app first needs them: few apps do,
//! and it takes milliseconds.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wasgi_gateway::OutboundError;

use super::grant::Host;

/// The TLS client of one app, which shares no session with another's.
#[derive(Default)]
pub(super) struct Tls {
    config: OnceCell<Arc<ClientConfig>>,
}

impl Tls {
    /// Agrees on TLS over a connection. The certificate must be the host's.
    pub(super) async fn connect(
        &self,
        host: &Host,
        tcp: TcpStream,
    ) -> Result<TlsStream<TcpStream>, OutboundError> {
        let config = self.config.get_or_try_init(load).await?;
        let name = match host {
            Host::Address(address) => ServerName::from(*address),
            Host::Name(name) => ServerName::try_from(name.clone())
                .map_err(|error| OutboundError::Tls(format!("{name}: {error}")))?,
        };
        TlsConnector::from(Arc::clone(config))
            .connect(name, tcp)
            .await
            .map_err(|error| OutboundError::Tls(error.to_string()))
    }
}

async fn load() -> Result<Arc<ClientConfig>, OutboundError> {
    tokio::task::spawn_blocking(config)
        .await
        .map_err(|error| OutboundError::Tls(error.to_string()))?
        .map(Arc::new)
}

fn config() -> Result<ClientConfig, OutboundError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // A system's roots may have some that rustls does not take. The others serve.
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let why = found
            .errors
            .first()
            .map_or_else(|| "none were found".to_owned(), ToString::to_string);
        return Err(OutboundError::Tls(format!(
            "expected the system's root certificates, but {why}: install them or set SSL_CERT_FILE"
        )));
    }
    trust(roots)
}

fn trust(roots: RootCertStore) -> Result<ClientConfig, OutboundError> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| OutboundError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use rustls::ServerConfig;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// Of 127.0.0.1 and api.example, signed by itself, valid from 2020 to 2120.
    const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBezCCASGgAwIBAgIUYnZXcjoxBoE/Fg3CtiNeKbghjQUwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKd2FzZ2kgdGVzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEw
MTAwMDAwMFowFTETMBEGA1UEAwwKd2FzZ2kgdGVzdDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABAGqfJrgxUok/AUcRnk1T85aCbGxAOq8Trtey4dShywm+PSDGUz9
69V+bf08tooDARsbJLXuS5sDL8roq7SMG32jTTBLMBwGA1UdEQQVMBOHBH8AAAGC
C2FwaS5leGFtcGxlMAwGA1UdEwEB/wQCMAAwHQYDVR0OBBYEFGfPVwDx7L7JcMUp
RAxcFa9WgdS7MAoGCCqGSM49BAMCA0gAMEUCIQC4kRjZv6HcQk8ALgI1xJqimN1m
7Oguo2P3x85tg0Uc9QIgGmo9Es4FrJGs7Ee5eySQv/TTO7/mYjPXgkyB14iSBuM=
-----END CERTIFICATE-----
";
    const KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgwh8tXau0vX66SyEm
RNfGLDXDDte84zzCnWMP6gdPoRahRANCAAQBqnya4MVKJPwFHEZ5NU/OWgmxsQDq
vE67XsuHUocsJvj0gxlM/evVfm39PLaKAwEbGyS17kubAy/K6Ku0jBt9
-----END PRIVATE KEY-----
";

    fn certificate() -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap()
    }

    impl Tls {
        /// A client that trusts these certificates, and no others.
        pub(in super::super) fn trusting(certificates: Vec<CertificateDer<'_>>) -> Self {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(certificates);
            let config = trust(roots).unwrap();
            Self {
                config: OnceCell::new_with(Some(Arc::new(config))),
            }
        }
    }

    async fn connect(host: Host) -> Result<(), OutboundError> {
        let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
        let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap());
        let (tcp, accepted) = (tcp.await.unwrap(), listener.accept().await.unwrap().0);
        let server = TlsAcceptor::from(Arc::new(server));
        let tls = Tls::trusting(vec![certificate()]);
        let (connected, _) = tokio::join!(tls.connect(&host, tcp), server.accept(accepted));
        connected.map(drop)
    }

    #[tokio::test]
    async fn a_certificate_must_be_the_hosts() {
        let name = |name: &str| Host::Name(name.to_owned());
        connect(name("api.example")).await.unwrap();
        connect(Host::Address([127, 0, 0, 1].into())).await.unwrap();
        for host in [name("example"), Host::Address([127, 0, 0, 2].into())] {
            let error = connect(host).await.unwrap_err();
            assert!(error.to_string().contains("certificate"), "{error}");
        }
    }
}
