//! Databases that guests use: the seam to whoever holds them, which the gateway does not.
//!
//! Owns what is said across it, and in `sql/` how a guest's calls of `wasgi:sql` become that. It
//! must not know any database.

mod bindings;
mod connections;
mod convert;
mod link;

use std::pin::Pin;

pub(crate) use self::connections::Connections;
pub(crate) use self::link::link;

/// The databases that one app was granted.
///
/// Whoever implements it decides what a name stands for, and bounds the connections, the waits for
/// them, and the time of statements.
pub trait Sql: Send + Sync {
    /// The language of the database of this name; none: the app was granted none.
    fn dialect(&self, name: &str) -> Option<SqlDialect>;

    /// Takes a connection to the database of this name.
    fn connect<'a>(&'a self, name: &'a str) -> SqlFuture<'a, Box<dyn SqlSession>>;
}

/// What a database does, in time.
pub type SqlFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, SqlError>> + Send + 'a>>;

/// A connection that one guest has. Dropping it gives it back: what runs is cancelled, what was not
/// committed is rolled back, and settings and temporary tables are undone before anyone else gets
/// it. So does dropping one of its futures before it is done.
///
/// It runs one statement at a time: another one may begin once the rows of the last are fetched to
/// their end or closed.
pub trait SqlSession: Send {
    /// The version of the server, as it says it.
    fn version(&self) -> &str;

    /// Whether a transaction is open.
    fn in_transaction(&self) -> bool;

    /// Runs a statement, and fetches its first rows.
    fn execute(
        &mut self,
        sql: String,
        parameters: Vec<SqlValue>,
        fetch: SqlFetch,
    ) -> SqlFuture<'_, SqlOutcome>;

    /// Fetches more rows of the statement that runs.
    fn fetch(&mut self, fetch: SqlFetch) -> SqlFuture<'_, SqlRows>;

    /// Ends the statement that runs, whose rows are not wanted.
    fn close(&mut self) -> SqlFuture<'_, ()>;

    /// Runs a statement once for each list of parameters: all or none, if no transaction is open.
    /// Returns how many rows were changed.
    fn batch(&mut self, sql: String, parameters: Vec<Vec<SqlValue>>) -> SqlFuture<'_, u64>;

    /// Runs several statements without parameters.
    fn script(&mut self, sql: String) -> SqlFuture<'_, ()>;

    /// Begins a transaction.
    fn begin(&mut self, access: SqlAccess, isolation: Option<SqlIsolation>) -> SqlFuture<'_, ()>;

    /// Commits the transaction, if one is open.
    fn commit(&mut self) -> SqlFuture<'_, ()>;

    /// Rolls the transaction back, if one is open.
    fn rollback(&mut self) -> SqlFuture<'_, ()>;
}

/// The language of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlDialect {
    /// SQLite's.
    Sqlite,
    /// PostgreSQL's.
    Postgresql,
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlAccess {
    /// Reading, and perhaps writing later.
    Deferred,
    /// Writing.
    ReadWrite,
    /// Reading alone.
    ReadOnly,
}

/// How much of a transaction is apart from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlIsolation {
    /// Each statement sees what was committed before it.
    ReadCommitted,
    /// All statements see what was committed before the first.
    RepeatableRead,
    /// As if transactions ran one after the other.
    Serializable,
}

/// One value: a case for each of `value` in `wasgi:sql/values`, where the text forms are told.
#[derive(Clone, Debug, PartialEq)]
pub enum SqlValue {
    /// NULL.
    Null,
    /// A truth value.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
    /// A decimal number.
    Decimal(String),
    /// A date.
    Date(String),
    /// A time of day.
    Time(String),
    /// A point in time.
    Timestamp(String),
    /// A span of time.
    Interval(String),
    /// A UUID.
    Uuid(String),
    /// A JSON document.
    Json(String),
    /// An array, as JSON.
    Array(String),
}

impl SqlValue {
    /// Bytes that it takes in the host, roughly.
    pub fn bytes(&self) -> usize {
        let length = match self {
            Self::Null | Self::Boolean(_) | Self::Integer(_) | Self::Real(_) => 0,
            Self::Blob(bytes) => bytes.len(),
            Self::Text(text)
            | Self::Decimal(text)
            | Self::Date(text)
            | Self::Time(text)
            | Self::Timestamp(text)
            | Self::Interval(text)
            | Self::Uuid(text)
            | Self::Json(text)
            | Self::Array(text) => text.len(),
        };
        size_of::<Self>().saturating_add(length)
    }
}

/// One column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlColumn {
    /// Its name.
    pub name: String,
    /// Its type's name, in lower case; empty if it has none.
    pub type_name: String,
}

/// How much to fetch at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqlFetch {
    /// Rows at most.
    pub rows: usize,
    /// Bytes, by [`SqlValue::bytes`], with which it is enough.
    pub bytes: usize,
    /// Bytes that one row may have. The statement fails with a larger one.
    pub row_bytes: usize,
}

impl SqlFetch {
    /// Checks that a row may be as large as it is, and returns its bytes.
    pub fn check(&self, row: &[SqlValue]) -> Result<usize, SqlError> {
        let bytes: usize = row.iter().map(SqlValue::bytes).sum();
        // Limit: Limits::host_call
        if bytes > self.row_bytes {
            return Err(SqlError::new(
                "54000",
                format!(
                    "expected a row of {} bytes at most, got one of {bytes}: select less at once, \
                     or raise `host-call` in the `[app.limits]` of the manifest",
                    self.row_bytes
                ),
            ));
        }
        Ok(bytes)
    }
}

/// Some rows of a result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SqlRows {
    /// The rows, each with a value for each column.
    pub rows: Vec<Vec<SqlValue>>,
    /// No more come: the statement has ended.
    pub is_last: bool,
}

/// How a statement went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SqlOutcome {
    /// Rows that it changed, if it has ended and says.
    pub affected: Option<u64>,
    /// The row that the connection inserted last.
    pub last_insert_id: Option<i64>,
    /// The columns and first rows, if it returns rows.
    pub result: Option<(Vec<SqlColumn>, SqlRows)>,
}

/// What a database says about a failure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (SQLSTATE {sqlstate})")]
pub struct SqlReport {
    /// The standard's code.
    pub sqlstate: String,
    /// The database's words.
    pub message: String,
}

/// Why something failed: a case for each of `error` in `wasgi:sql/values`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// The app was granted no such database.
    #[error("the app was not granted this database")]
    Denied,
    /// A rule of the data was broken.
    #[error("{0}")]
    Integrity(SqlReport),
    /// A value does not fit.
    #[error("{0}")]
    Data(SqlReport),
    /// The statement is wrong.
    #[error("{0}")]
    Programming(SqlReport),
    /// Something outside of the statement failed.
    #[error("{0}")]
    Operational(SqlReport),
    /// The database's state does not allow it.
    #[error("{0}")]
    Internal(SqlReport),
    /// It cannot be done at all.
    #[error("{0}")]
    NotSupported(SqlReport),
}

impl SqlError {
    /// The error for a code of the SQL standard, by its class.
    pub fn new(sqlstate: impl Into<String>, message: impl Into<String>) -> Self {
        let (sqlstate, message) = (sqlstate.into(), message.into());
        let case = match sqlstate.get(..2) {
            Some("0A") => Self::NotSupported,
            Some("20" | "21" | "22") => Self::Data,
            Some("23") => Self::Integrity,
            Some("24" | "25" | "2B" | "2D") => Self::Internal,
            Some("26" | "34" | "3D" | "3F" | "42" | "44" | "54") if sqlstate != "54000" => {
                Self::Programming
            }
            Some("54") => Self::Data,
            _ => Self::Operational,
        };
        case(SqlReport { sqlstate, message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_decides_the_case() {
        type Case = fn(SqlReport) -> SqlError;
        for (sqlstate, case) in [
            ("0A000", SqlError::NotSupported as Case),
            ("08006", SqlError::Operational),
            ("22P02", SqlError::Data),
            ("23505", SqlError::Integrity),
            ("25P02", SqlError::Internal),
            ("40P01", SqlError::Operational),
            ("42601", SqlError::Programming),
            ("3D000", SqlError::Programming),
            ("54000", SqlError::Data),
            ("57014", SqlError::Operational),
            ("XX000", SqlError::Operational),
            ("", SqlError::Operational),
            ("é", SqlError::Operational),
        ] {
            let report = SqlReport {
                sqlstate: sqlstate.to_owned(),
                message: "why".to_owned(),
            };
            assert_eq!(SqlError::new(sqlstate, "why"), case(report));
        }
    }

    #[test]
    fn a_row_that_is_too_large_fails() {
        let fetch = SqlFetch {
            rows: 1,
            bytes: 1,
            row_bytes: 2 * size_of::<SqlValue>() + 5,
        };
        let row = |text: &str| [SqlValue::Null, SqlValue::Text(text.to_owned())];
        assert_eq!(fetch.check(&row("12345")), Ok(fetch.row_bytes));
        let error = fetch.check(&row("123456")).unwrap_err();
        assert!(matches!(error, SqlError::Data(_)), "{error}");
    }
}
