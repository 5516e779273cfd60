//! Which server: PostgreSQL's URL, with the parameters that make sense here.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use form_urlencoded::parse;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Where a server is, who asks, and whom to trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresUrl {
    pub(super) config: Config,
    pub(super) trust: Trust,
    /// A file with the certificates to trust instead of the system's.
    pub(super) root: Option<PathBuf>,
}

/// What a server has to prove: `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// There is no TLS.
    Disable,
    /// TLS if the server has it.
    Prefer,
    /// TLS, with whatever certificate.
    Require,
    /// TLS, with a certificate that somebody has signed who is trusted.
    VerifyCa,
    /// TLS, with such a certificate for the server's name.
    VerifyFull,
}

impl PostgresUrl {
    /// Whether the URL has a password in it.
    pub(in crate::sql) fn has_password(&self) -> bool {
        self.config.get_password().is_some()
    }

    /// The same with what is relative taken from a folder.
    pub(in crate::sql) fn within(self, folder: &Path) -> Self {
        Self {
            root: self.root.map(|root| folder.join(root)),
            ..self
        }
    }

    /// The file with the certificates to trust.
    pub(in crate::sql) fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }
}

impl FromStr for PostgresUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let shown = without_password(base);
        let mut config: Config = base.parse().map_err(|error: tokio_postgres::Error| {
            let why = std::error::Error::source(&error).map(ToString::to_string);
            format!(
                "expected \"postgres://USER@HOST:PORT/DATABASE\", got {shown:?}: {}",
                why.unwrap_or_else(|| error.to_string())
            )
        })?;
        if config.get_user().is_none() || config.get_dbname().is_none() {
            return Err(format!(
                "expected \"postgres://USER@HOST:PORT/DATABASE\", got {shown:?}: name the user and \
                 the database"
            ));
        }
        if config.get_hosts().len() != 1 {
            return Err(format!("expected one host in the URL, got {shown:?}"));
        }
        let (mut trust, mut root) = (None, None);
        for (key, value) in parse(query.as_bytes()) {
            match &*key {
                "sslmode" => trust = Some(value.parse()?),
                "sslrootcert" => root = Some(PathBuf::from(&*value)),
                "application_name" => {
                    config.application_name(value.into_owned());
                }
                "options" => {
                    config.options(value.into_owned());
                }
                _ => {
                    return Err(format!(
                        "unknown parameter {key:?} of the URL: expected one of sslmode, \
                         sslrootcert, application_name, options"
                    ));
                }
            }
        }
        let host = &config.get_hosts()[0];
        Ok(Self {
            trust: trust.unwrap_or_else(|| trust_in(host)),
            config,
            root,
        })
    }
}

/// What is asked of a server about which the URL says nothing: that it is who it says, unless it is
/// on this machine.
fn trust_in(host: &Host) -> Trust {
    match host {
        Host::Unix(_) => Trust::Disable,
        Host::Tcp(name) if name == "localhost" => Trust::Prefer,
        Host::Tcp(name) => match name.parse::<std::net::IpAddr>() {
            Ok(address) if address.is_loopback() => Trust::Prefer,
            _ => Trust::VerifyFull,
        },
    }
}

impl FromStr for Trust {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => {
                return Err(format!(
                    "unknown sslmode {text:?}: expected disable, prefer, require, verify-ca or \
                     verify-full"
                ));
            }
        })
    }
}

/// A URL as it may be shown.
fn without_password(url: &str) -> String {
    let Some((before, host)) = url.rsplit_once('@') else {
        return url.to_owned();
    };
    let user = before.find("//").map_or(0, |start| start + 2);
    match before[user..].split_once(':') {
        Some((name, _)) => format!("{}{name}:…@{host}", &before[..user]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read() {
        for (text, trust) in [
            ("postgres://app@127.0.0.1:5433/shop", Trust::Prefer),
            ("postgresql://app@localhost/shop", Trust::Prefer),
            ("postgres://app@db.example/shop", Trust::VerifyFull),
            (
                "postgres://app@db.example/shop?sslmode=require",
                Trust::Require,
            ),
            ("postgres://app@%2Frun%2Fpostgresql/shop", Trust::Disable),
        ] {
            let url: PostgresUrl = text.parse().unwrap();
            assert_eq!(url.trust, trust, "{text}");
            assert_eq!(url.config.get_user(), Some("app"));
            assert_eq!(url.config.get_dbname(), Some("shop"));
        }
        let text =
            "postgres://a@b/c?sslrootcert=ca.pem&application_name=x&options=-csearch_path%3Dy";
        let url: PostgresUrl = text.parse().unwrap();
        let url = url.within(Path::new("/site"));
        assert_eq!(url.root(), Some(Path::new("/site/ca.pem")));
        assert_eq!(url.config.get_options(), Some("-csearch_path=y"));
    }

    #[test]
    fn a_bad_url_is_refused_without_its_password() {
        for (text, why) in [
            ("postgres://a:secret@b:x/c", "got \"postgres://a:…@b:x/c\""),
            ("postgres://a:secret@b", "name the user and the database"),
            ("postgres://b/c", "name the user"),
            ("postgres://a@b,c/d", "expected one host"),
            ("postgres://a@b/c?sslmode=on", "unknown sslmode"),
            ("postgres://a@b/c?sslcert=x", "unknown parameter"),
        ] {
            let error = PostgresUrl::from_str(text).unwrap_err();
            assert!(
                error.contains(why) && !error.contains("secret"),
                "{text} gives {error}"
            );
        }
    }
}
