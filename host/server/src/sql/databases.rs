//! The databases of one app, by name.

use std::collections::BTreeMap;

use wasgi_gateway::{Sql, SqlDialect, SqlError, SqlFuture, SqlSession};

use super::postgres::Postgres;
use super::settings::SqlSettings;
use super::sqlite::Sqlite;
use super::url::SqlUrl;

/// The databases that one app was granted.
pub(crate) struct Databases {
    named: BTreeMap<String, Database>,
}

enum Database {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Databases {
    /// Those that these settings name; none if they name none. Nothing is connected yet.
    pub(crate) fn new(settings: &[SqlSettings]) -> Option<Self> {
        let named = settings.iter().map(|settings| {
            let database = match &settings.url {
                SqlUrl::Sqlite(path) => Database::Sqlite(Sqlite::new(path, settings)),
                SqlUrl::Postgres(url) => Database::Postgres(Postgres::new(url, settings)),
            };
            (settings.name.clone(), database)
        });
        (!settings.is_empty()).then(|| Self {
            named: named.collect(),
        })
    }
}

impl Sql for Databases {
    fn dialect(&self, name: &str) -> Option<SqlDialect> {
        Some(match self.named.get(name)? {
            Database::Sqlite(_) => SqlDialect::Sqlite,
            Database::Postgres(_) => SqlDialect::Postgresql,
        })
    }

    fn connect<'a>(&'a self, name: &'a str) -> SqlFuture<'a, Box<dyn SqlSession>> {
        Box::pin(async move {
            match self.named.get(name).ok_or(SqlError::Denied)? {
                Database::Sqlite(sqlite) => sqlite.connect().await,
                Database::Postgres(postgres) => postgres.connect().await,
            }
        })
    }
}
