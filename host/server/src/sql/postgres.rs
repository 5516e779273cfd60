//! PostgreSQL: a client with a pool for each database of an app.
//!
//! - A `session` is what a guest has; a `connection` is what it has it on, with the statements that
//!   are prepared there.
//! - `connect` opens connections; `tls` says whom it trusts, `url` whom it is told to reach.
//! - `encode` and `decode` are the values, `moment` and `numeric` what of them is more than bytes.
//!
//! A connection goes to another request only after the server has undone what the one before left.

mod connect;
mod connection;
mod decode;
mod encode;
mod error;
mod moment;
mod numeric;
mod session;
mod tls;
mod url;

use std::sync::Arc;

use deadpool::managed::{Manager, Metrics, Pool, RecycleResult};
use wasgi_gateway::{SqlError, SqlSession};

pub use self::url::PostgresUrl;

use self::connect::Target;
use self::connection::Connection;
use self::session::Session;
use super::pool;
use super::settings::SqlSettings;

/// A database of a server.
pub(super) struct Postgres {
    pool: Pool<Connections>,
    target: Arc<Target>,
}

/// Makes connections for the pool.
struct Connections {
    target: Arc<Target>,
}

impl Postgres {
    pub(super) fn new(url: &PostgresUrl, settings: &SqlSettings) -> Self {
        let target = Arc::new(Target::new(url, settings));
        let connections = Connections {
            target: Arc::clone(&target),
        };
        Self {
            pool: pool::new(connections, &settings.limits),
            target,
        }
    }

    pub(super) async fn connect(&self) -> Result<Box<dyn SqlSession>, SqlError> {
        let connection = pool::take(&self.pool, &self.target.limits).await?;
        Ok(Box::new(Session::new(connection, &self.target)))
    }
}

impl Manager for Connections {
    type Type = Connection;
    type Error = SqlError;

    async fn create(&self) -> Result<Connection, SqlError> {
        self.target.connect().await
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<SqlError> {
        // What a session left was undone when it went: see `Session::drop`.
        connection.check()?;
        Ok(())
    }
}
