//! Opens connections to a server, and cancels what runs on one.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::{CancelToken, Config};
use tokio_postgres_rustls::MakeRustlsConnect;
use wasgi_gateway::SqlError;

use super::connection::Connection;
use super::error;
use super::tls;
use super::url::{PostgresUrl, Trust};
use crate::sql::settings::{SqlLimits, SqlPassword, SqlSettings};

/// Time in which a server has to take a request to cancel a statement.
const CANCEL: Duration = Duration::from_secs(5);

/// What makes transactions read alone. A guest can begin one that does not: who must not write needs
/// a role that may not.
const READ_ONLY: &str = "-c default_transaction_read_only=on";

/// A database, and how it is reached.
pub(super) struct Target {
    pub(super) limits: SqlLimits,
    name: String,
    url: PostgresUrl,
    password: SqlPassword,
    is_read_only: bool,
    /// Made with the first connection: it reads certificates.
    tls: OnceCell<MakeRustlsConnect>,
}

impl Target {
    pub(super) fn new(url: &PostgresUrl, settings: &SqlSettings) -> Self {
        Self {
            limits: settings.limits.clone(),
            name: settings.name.clone(),
            url: url.clone(),
            password: settings.password.clone(),
            is_read_only: settings.read_only,
            tls: OnceCell::new(),
        }
    }

    /// Opens a connection. Its task ends with it.
    pub(super) async fn connect(&self) -> Result<Connection, SqlError> {
        let opened = self.open().await;
        opened.inspect_err(|error| {
            let database = &self.name;
            tracing::warn!(database, "cannot connect to PostgreSQL: {error}");
        })
    }

    async fn open(&self) -> Result<Connection, SqlError> {
        let (config, tls) = (self.config().await?, self.tls().await?);
        let connected = config.connect(tls).await;
        let (client, connection) = connected.map_err(|failure| match error::of(&failure) {
            SqlError::Operational(report) if report.sqlstate == "08006" => {
                SqlError::new("08001", report.message)
            }
            other => other,
        })?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection to PostgreSQL has ended: {error}");
            }
        });
        Connection::new(client).await
    }

    async fn config(&self) -> Result<Config, SqlError> {
        let mut config = self.url.config.clone();
        config
            .connect_timeout(self.limits.connect)
            .ssl_mode(match self.url.trust {
                Trust::Disable => SslMode::Disable,
                Trust::Prefer => SslMode::Prefer,
                Trust::Require | Trust::VerifyCa | Trust::VerifyFull => SslMode::Require,
            });
        if config.get_application_name().is_none() {
            config.application_name("wasgi");
        }
        config.options(self.options(config.get_options().unwrap_or_default()));
        if let Some(password) = self.password().await? {
            config.password(password);
        }
        Ok(config)
    }

    /// Settings of the connection. Those of the URL hold where they differ, but for reading alone.
    fn options(&self, own: &str) -> String {
        let access = if self.is_read_only { READ_ONLY } else { "" };
        // A guest's local time is UTC.
        format!("-c timezone=UTC {own} {access}")
    }

    async fn password(&self) -> Result<Option<String>, SqlError> {
        let refused = |why: String| SqlError::new("28000", why);
        match &self.password {
            SqlPassword::None => Ok(None),
            SqlPassword::Environment(name) => {
                let found = std::env::var_os(name).and_then(|value| value.into_string().ok());
                let found = found.ok_or_else(|| {
                    refused("the variable that `password-env` names is not set".to_owned())
                })?;
                Ok(Some(found))
            }
            SqlPassword::File(path) => {
                let path = path.clone();
                let read = spawn_blocking(move || fs::read_to_string(path)).await;
                let text = read.map_err(|error| refused(error.to_string()))?;
                let text = text.map_err(|error| {
                    refused(format!("the `password-file` cannot be read: {error}"))
                })?;
                Ok(text.lines().next().map(str::to_owned))
            }
        }
    }

    async fn tls(&self) -> Result<MakeRustlsConnect, SqlError> {
        let (trust, root) = (self.url.trust, self.url.root.clone());
        let make = || async move {
            let made = spawn_blocking(move || tls::client(trust, root.as_deref())).await;
            made.unwrap_or_else(|error| Err(error.to_string()))
        };
        let made = self.tls.get_or_try_init(make).await;
        made.cloned()
            .map_err(|why| SqlError::new("08001", format!("TLS: {why}")))
    }

    /// Has the server cancel what runs on a connection. It may be over when that arrives.
    pub(super) async fn cancel(self: &Arc<Self>, token: CancelToken) {
        let Ok(tls) = self.tls().await else {
            return;
        };
        // Limit: CANCEL
        match timeout(CANCEL, token.cancel_query(tls)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!("a statement cannot be cancelled: {error}"),
            Err(_) => tracing::debug!("a statement was not cancelled within {CANCEL:?}"),
        }
    }
}
