//! The connections and results that one instance has: handles, limits, and what is kept of rows.
//!
//! A connection is taken from its database with the first statement and given back with the
//! request. Owns that only one statement runs on each, by keeping the rest of the one before.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::{
    Sql, SqlAccess, SqlColumn, SqlDialect, SqlError, SqlFetch, SqlIsolation, SqlOutcome, SqlRows,
    SqlSession, SqlValue,
};

/// Connections that one instance may have open.
const CONNECTIONS_MAX: usize = 8;

/// Results that one instance may have open: each has its columns in the host.
const RESULTS_MAX: usize = 256;

/// Rows that are fetched with a statement, before the guest asks for any.
const FIRST_ROWS: usize = 128;

/// Rows that are fetched at once.
const ROWS_MAX: usize = 10_000;

/// Bytes of rows with which a fetch is enough.
const FETCH_BYTES: usize = 256 * 1024;

/// The host's side of the resource `connection`. Its representation is a number of the instance.
#[expect(
    unreachable_pub,
    reason = "the bindings export it, and go no further themselves"
)]
pub enum ConnectionHandle {}

/// The host's side of the resource `rows`. Its representation is likewise a number.
#[expect(
    unreachable_pub,
    reason = "the bindings export it, and go no further themselves"
)]
pub enum RowsHandle {}

/// What one instance has of databases.
pub(crate) struct Connections {
    /// Who holds the databases. None: the app was granted none.
    sql: Option<Arc<dyn Sql>>,
    /// Bytes that one row may have, and that are kept of all rows together.
    kept_bytes_max: usize,
    connections: BTreeMap<u32, Connection>,
    results: BTreeMap<u32, Rows>,
    /// Bytes that are kept of all results.
    kept_bytes: usize,
    /// The number of the last handle.
    last: u32,
}

struct Connection {
    /// The database's name in the manifest.
    name: String,
    dialect: SqlDialect,
    /// Taken with the first statement of a request, given back with its end.
    session: Option<Box<dyn SqlSession>>,
    /// The result whose statement runs.
    reading: Option<u32>,
}

struct Rows {
    connection: u32,
    columns: Vec<SqlColumn>,
    /// What was fetched and not yet read, and how many bytes each row has.
    kept: VecDeque<(Vec<SqlValue>, usize)>,
    stage: Stage,
}

/// What comes after the rows that are kept.
enum Stage {
    /// More, by a fetch.
    Running,
    Ended,
    Failed(SqlError),
}

impl Connections {
    pub(crate) fn new(sql: Option<Arc<dyn Sql>>, host_call: u64) -> Self {
        Self {
            sql,
            kept_bytes_max: usize::try_from(host_call).unwrap_or(usize::MAX),
            connections: BTreeMap::new(),
            results: BTreeMap::new(),
            kept_bytes: 0,
            last: 0,
        }
    }

    /// Ends the request: every connection is given back, every statement ends.
    pub(crate) fn end_request(&mut self) {
        for connection in self.connections.values_mut() {
            connection.session = None;
            connection.reading = None;
        }
        for rows in self.results.values_mut() {
            rows.kept.clear();
            rows.stage = Stage::Failed(over());
        }
        self.kept_bytes = 0;
    }

    pub(super) fn open(&mut self, name: String) -> Result<u32, SqlError> {
        let dialect = self.sql.as_ref().and_then(|sql| sql.dialect(&name));
        let dialect = dialect.ok_or(SqlError::Denied)?;
        // Limit: CONNECTIONS_MAX
        if self.connections.len() >= CONNECTIONS_MAX {
            return Err(SqlError::new(
                "53300",
                format!("expected {CONNECTIONS_MAX} open connections at most: close one first"),
            ));
        }
        let id = self.number();
        let connection = Connection {
            name,
            dialect,
            session: None,
            reading: None,
        };
        self.connections.insert(id, connection);
        Ok(id)
    }

    pub(super) fn close(&mut self, id: u32) {
        if let Some(connection) = self.connections.remove(&id)
            && let Some(rows) = connection.reading
        {
            self.fail(rows, over());
        }
    }

    pub(super) fn dialect(&self, id: u32) -> wasmtime::Result<SqlDialect> {
        let connection = self.connections.get(&id);
        let connection = connection.ok_or_else(|| wasmtime::format_err!("{UNKNOWN_HANDLE}"))?;
        Ok(connection.dialect)
    }

    pub(super) fn in_transaction(&self, id: u32) -> bool {
        let connection = self.connections.get(&id);
        let session = connection.and_then(|connection| connection.session.as_ref());
        session.is_some_and(|session| session.in_transaction())
    }

    pub(super) async fn server_version(&mut self, id: u32) -> Result<String, SqlError> {
        Ok(self.session(id).await?.version().to_owned())
    }

    /// Runs a statement. Returns how it went, and the number of its rows if it returns some.
    pub(super) async fn execute(
        &mut self,
        id: u32,
        sql: String,
        parameters: Vec<SqlValue>,
    ) -> Result<(SqlOutcome, Option<u32>), SqlError> {
        // Limit: RESULTS_MAX
        if self.results.len() >= RESULTS_MAX {
            return Err(SqlError::new(
                "53000",
                format!("expected {RESULTS_MAX} open results at most: close one first"),
            ));
        }
        let fetch = SqlFetch {
            rows: FIRST_ROWS,
            bytes: FETCH_BYTES,
            row_bytes: self.kept_bytes_max,
        };
        let session = self.idle(id).await?;
        let mut outcome = session.execute(sql, parameters, fetch).await?;
        let Some((columns, first)) = outcome.result.take() else {
            return Ok((outcome, None));
        };
        let number = self.number();
        let rows = Rows {
            connection: id,
            columns,
            kept: VecDeque::new(),
            stage: Stage::Running,
        };
        self.results.insert(number, rows);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.reading = Some(number);
        }
        self.keep(number, first);
        Ok((outcome, Some(number)))
    }

    pub(super) async fn batch(
        &mut self,
        id: u32,
        sql: String,
        parameters: Vec<Vec<SqlValue>>,
    ) -> Result<u64, SqlError> {
        self.idle(id).await?.batch(sql, parameters).await
    }

    pub(super) async fn script(&mut self, id: u32, sql: String) -> Result<(), SqlError> {
        self.idle(id).await?.script(sql).await
    }

    pub(super) async fn begin(
        &mut self,
        id: u32,
        access: SqlAccess,
        isolation: Option<SqlIsolation>,
    ) -> Result<(), SqlError> {
        let session = self.idle(id).await?;
        if session.in_transaction() {
            return Err(SqlError::new("25001", "a transaction is open already"));
        }
        session.begin(access, isolation).await
    }

    pub(super) async fn commit(&mut self, id: u32) -> Result<(), SqlError> {
        if self.in_transaction(id) {
            self.idle(id).await?.commit().await?;
        }
        Ok(())
    }

    pub(super) async fn rollback(&mut self, id: u32) -> Result<(), SqlError> {
        if self.in_transaction(id) {
            self.idle(id).await?.rollback().await?;
        }
        Ok(())
    }

    pub(super) fn columns(&self, number: u32) -> wasmtime::Result<&[SqlColumn]> {
        let rows = self.results.get(&number);
        let rows = rows.ok_or_else(|| wasmtime::format_err!("{UNKNOWN_HANDLE}"))?;
        Ok(&rows.columns)
    }

    /// The next rows of a result; none at its end.
    pub(super) async fn next(
        &mut self,
        number: u32,
        max: u32,
    ) -> Result<Vec<Vec<SqlValue>>, SqlError> {
        // Limit: ROWS_MAX
        let max = usize::try_from(max).unwrap_or(ROWS_MAX).clamp(1, ROWS_MAX);
        let rows = self.results.get(&number).ok_or_else(over)?;
        if rows.kept.is_empty() && matches!(rows.stage, Stage::Running) {
            let id = rows.connection;
            let fetch = SqlFetch {
                rows: max,
                bytes: FETCH_BYTES,
                row_bytes: self.kept_bytes_max,
            };
            self.fetch(id, number, fetch).await;
        }
        let rows = self.results.get_mut(&number).ok_or_else(over)?;
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while taken.len() < max
            && bytes < FETCH_BYTES
            && let Some((row, row_bytes)) = rows.kept.pop_front()
        {
            bytes += row_bytes;
            taken.push(row);
        }
        self.kept_bytes -= bytes;
        match &rows.stage {
            Stage::Failed(error) if taken.is_empty() => Err(error.clone()),
            _ => Ok(taken),
        }
    }

    pub(super) async fn close_rows(&mut self, number: u32) {
        let Some(rows) = self.results.remove(&number) else {
            return;
        };
        self.kept_bytes -= rows.kept.iter().map(|(_, bytes)| bytes).sum::<usize>();
        let connection = self.connections.get_mut(&rows.connection);
        if let Some(connection) = connection.filter(|one| one.reading == Some(number)) {
            connection.reading = None;
            if let Some(session) = &mut connection.session {
                // What goes wrong, the next statement meets again.
                let _closed = session.close().await;
            }
        }
    }

    fn number(&mut self) -> u32 {
        loop {
            self.last = self.last.wrapping_add(1);
            let number = self.last;
            if !self.connections.contains_key(&number) && !self.results.contains_key(&number) {
                return number;
            }
        }
    }

    /// The session of a connection, taken now if it has none.
    async fn session(&mut self, id: u32) -> Result<&mut Box<dyn SqlSession>, SqlError> {
        let connection = self.connections.get_mut(&id).ok_or_else(over)?;
        let sql = self.sql.as_ref().ok_or(SqlError::Denied)?;
        match &mut connection.session {
            Some(session) => Ok(session),
            none => Ok(none.insert(sql.connect(&connection.name).await?)),
        }
    }

    /// The session of a connection with no statement that runs: the rest of its rows is kept.
    async fn idle(&mut self, id: u32) -> Result<&mut Box<dyn SqlSession>, SqlError> {
        while let Some(number) = self.connections.get(&id).and_then(|one| one.reading) {
            let fetch = SqlFetch {
                rows: ROWS_MAX,
                bytes: FETCH_BYTES,
                row_bytes: self.kept_bytes_max,
            };
            self.fetch(id, number, fetch).await;
            // Limit: Limits::host_call
            if self.kept_bytes > self.kept_bytes_max {
                self.give_up(id, number).await;
            }
        }
        self.session(id).await
    }

    /// Ends a statement whose rows are more than can be kept. Those that were kept can be read.
    async fn give_up(&mut self, id: u32, number: u32) {
        let error = SqlError::new(
            "53200",
            format!(
                "expected {} bytes at most of rows that are not read while another statement \
                 begins: read them first, or on a connection of their own",
                self.kept_bytes_max
            ),
        );
        if let Some(connection) = self.connections.get_mut(&id)
            && connection.reading == Some(number)
        {
            self.fail(number, error);
            let connection = self.connections.get_mut(&id).expect("it was just there");
            connection.reading = None;
            if let Some(session) = &mut connection.session {
                // What goes wrong, the next statement meets again.
                let _closed = session.close().await;
            }
        }
    }

    /// Fetches rows of the statement that runs, and keeps them.
    async fn fetch(&mut self, id: u32, number: u32, fetch: SqlFetch) {
        let connection = self.connections.get_mut(&id);
        let session = connection.and_then(|connection| connection.session.as_mut());
        let Some(session) = session else {
            self.end(number, Stage::Failed(over()));
            return;
        };
        match session.fetch(fetch).await {
            Ok(more) => self.keep(number, more),
            Err(error) => self.end(number, Stage::Failed(error)),
        }
    }

    fn keep(&mut self, number: u32, more: SqlRows) {
        if let Some(rows) = self.results.get_mut(&number) {
            for row in more.rows {
                let bytes = row.iter().map(SqlValue::bytes).sum::<usize>();
                self.kept_bytes = self.kept_bytes.saturating_add(bytes);
                rows.kept.push_back((row, bytes));
            }
        }
        if more.is_last {
            self.end(number, Stage::Ended);
        }
    }

    /// Says what comes after the rows that are kept, and that the statement does not run any more.
    fn end(&mut self, number: u32, stage: Stage) {
        if let Some(rows) = self.results.get_mut(&number) {
            let connection = self.connections.get_mut(&rows.connection);
            if let Some(connection) = connection.filter(|one| one.reading == Some(number)) {
                connection.reading = None;
            }
            rows.stage = stage;
        }
    }

    fn fail(&mut self, number: u32, error: SqlError) {
        self.end(number, Stage::Failed(error));
    }
}

/// A handle that the host gave is gone only with the instance.
const UNKNOWN_HANDLE: &str = "the handle is none that the host gave";

/// The error of rows whose connection was closed or given back.
fn over() -> SqlError {
    SqlError::new("24000", "the connection of these rows is over")
}
