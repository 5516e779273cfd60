//! What an operator decides about one database of an app.

use std::path::PathBuf;
use std::time::Duration;

use super::url::SqlUrl;

/// A database that an app's guests may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlSettings {
    /// The name by which the guests know it.
    pub name: String,
    /// Where it is.
    pub url: SqlUrl,
    /// Where the password is, if the URL has none.
    pub password: SqlPassword,
    /// Writing fails.
    pub read_only: bool,
    /// The limits.
    pub limits: SqlLimits,
}

/// Where a password is read, for each connection anew: it may change while the host runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SqlPassword {
    /// Nowhere.
    #[default]
    None,
    /// A file's first line.
    File(PathBuf),
    /// A variable of the host's environment.
    Environment(String),
}

/// What the guests of one app may use of a database. Every limit is always on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlLimits {
    /// Connections at one time.
    pub pool: usize,
    /// Time that a guest waits for one of them, and in SQLite for another writer.
    pub wait: Duration,
    /// Time to connect, with all that belongs to it.
    pub connect: Duration,
    /// Time that a statement may take to its first rows, and from there to each next ones.
    pub statement: Duration,
}

impl SqlLimits {
    /// The limits of a database about which nothing else is said.
    pub const DEFAULT: Self = Self {
        // A server of PostgreSQL has 100 for all of its clients.
        pool: 8,
        wait: Duration::from_secs(5),
        connect: Duration::from_secs(5),
        statement: Duration::from_secs(30),
    };
}
