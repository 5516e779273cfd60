//! The databases of apps: what a name of the manifest stands for, and the connections to it.
//!
//! - `settings` and `url` say what an operator decides about a database.
//! - `databases` holds those of one app; `pool` bounds the connections to each.
//! - `sqlite` runs SQLite in this process, each connection on a thread of its own; `postgres` is a
//!   client of PostgreSQL.
//!
//! A guest knows a name. Files, addresses and credentials stay here.

mod databases;
mod pool;
mod postgres;
mod settings;
mod sqlite;
mod url;

pub(crate) use databases::Databases;
pub use postgres::PostgresUrl;
pub use settings::{SqlLimits, SqlPassword, SqlSettings};
pub use url::{SqlUrl, SqlUrlError};
