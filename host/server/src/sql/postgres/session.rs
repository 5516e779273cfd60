//! A guest's connection: its statements within their time, and the end of what it leaves.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::Object;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_postgres::RowStream;
use wasgi_gateway::{
    SqlAccess, SqlColumn, SqlError, SqlFetch, SqlFuture, SqlIsolation, SqlOutcome, SqlRows,
    SqlSession, SqlValue,
};

use super::connect::Target;
use super::connection::Connection;
use super::encode::Parameter;
use super::{Connections, decode, error};

/// Time in which the rest of a result that nobody wants is read, before it is cancelled.
const DRAIN: Duration = Duration::from_millis(50);

/// Time in which a statement has to end that was cancelled.
const CANCELLED: Duration = Duration::from_secs(5);

/// Time in which a server has to undo what was left.
const RESET: Duration = Duration::from_secs(10);

/// Statements of one batch that are on their way at one time.
const PIPELINED_MAX: usize = 64;

/// A connection that one guest has.
pub(super) struct Session {
    /// None: it was given back.
    connection: Option<Object<Connections>>,
    target: Arc<Target>,
    /// The rows of the statement that runs.
    stream: Option<Pin<Box<RowStream>>>,
    in_transaction: bool,
    /// Something was asked and not answered.
    is_busy: bool,
    /// It is not known what the connection is doing.
    is_lost: bool,
    runtime: Handle,
}

impl Session {
    pub(super) fn new(connection: Object<Connections>, target: &Arc<Target>) -> Self {
        Self {
            connection: Some(connection),
            target: Arc::clone(target),
            stream: None,
            in_transaction: false,
            is_busy: false,
            is_lost: false,
            runtime: Handle::current(),
        }
    }

    fn connection(&mut self) -> Result<&mut Connection, SqlError> {
        if self.is_lost {
            return Err(error::gone());
        }
        let connection = self.connection.as_deref_mut();
        connection.ok_or_else(error::gone)
    }

    /// Does something within a statement's time; what takes longer is cancelled.
    async fn limited<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let limit = self.target.limits.statement;
        let (target, token) = (Arc::clone(&self.target), self.connection()?.cancel_token());
        self.is_busy = true;
        let mut is_lost = false;
        let done = {
            let mut work = pin!(work(self));
            // Limit: SqlLimits::statement
            if let Ok(done) = timeout(limit, &mut work).await {
                done
            } else {
                target.cancel(token).await;
                let cancelled = timeout(CANCELLED, work).await;
                is_lost = !matches!(cancelled, Ok(Err(error)) if is_cancellation(&error));
                Err(error::too_long(limit))
            }
        };
        self.is_busy = false;
        if is_lost || self.connection()?.check().is_err() {
            self.lose();
        }
        done
    }

    /// Gives the connection up. One whose request to cancel has not hit what it was meant for may
    /// have it hit what comes next.
    fn lose(&mut self) {
        self.is_lost = true;
        self.in_transaction = false;
        self.stream = None;
    }

    async fn run(
        &mut self,
        sql: &str,
        parameters: &[SqlValue],
        fetch: SqlFetch,
    ) -> Result<SqlOutcome, SqlError> {
        let in_transaction = self.in_transaction;
        let connection = self.connection()?;
        let (mut statement, was_kept) = connection.prepare(sql, &[parameters]).await?;
        let values = parameters.iter().map(Parameter);
        let mut begun = connection.client.query_raw(&statement, values).await;
        if let Err(failure) = &begun
            && was_kept
            && is_stale(&error::of(failure))
        {
            connection.forget();
            if !in_transaction {
                statement = connection.prepare(sql, &[parameters]).await?.0;
                let values = parameters.iter().map(Parameter);
                begun = connection.client.query_raw(&statement, values).await;
            }
        }
        let begun = begun.map_err(|failure| error::of(&failure))?;
        self.stream = Some(Box::pin(begun));
        let columns = statement.columns().iter().map(|column| SqlColumn {
            name: column.name().to_owned(),
            type_name: column.type_().name().to_owned(),
        });
        let columns: Vec<_> = columns.collect();
        let (rows, affected) = self.take(fetch).await?;
        self.note(sql);
        Ok(SqlOutcome {
            affected,
            last_insert_id: None,
            result: (!columns.is_empty()).then_some((columns, rows)),
        })
    }

    /// Takes rows of the statement that runs; with the last, how many it has changed.
    async fn take(&mut self, fetch: SqlFetch) -> Result<(SqlRows, Option<u64>), SqlError> {
        let mut taken = SqlRows::default();
        let Some(stream) = &mut self.stream else {
            taken.is_last = true;
            return Ok((taken, None));
        };
        let mut bytes = 0;
        while taken.rows.len() < fetch.rows && bytes < fetch.bytes {
            let next = stream.try_next().await;
            let next = next.map_err(|failure| error::of(&failure));
            let Some(row) = next.inspect_err(|_| taken.is_last = true)? else {
                let affected = stream.rows_affected();
                self.stream = None;
                taken.is_last = true;
                return Ok((taken, affected));
            };
            let values = decode::row(&row)?;
            bytes += fetch.check(&values)?;
            taken.rows.push(values);
        }
        Ok((taken, None))
    }

    /// Ends the statement that runs. In a transaction its rows are read, since to cancel it would
    /// undo the transaction.
    async fn end(&mut self) {
        let Some(mut stream) = self.stream.take() else {
            return;
        };
        let limit = if self.in_transaction {
            self.target.limits.statement
        } else {
            DRAIN
        };
        let mut drain = pin!(async {
            loop {
                match stream.try_next().await {
                    Ok(Some(_)) => {}
                    Ok(None) => return Ok(()),
                    Err(failure) => return Err(error::of(&failure)),
                }
            }
        });
        if timeout(limit, &mut drain).await.is_ok() {
            return;
        }
        let token = self
            .connection()
            .map(|connection| connection.cancel_token());
        if let Ok(token) = token {
            self.target.cancel(token).await;
        }
        let cancelled = timeout(CANCELLED, drain).await;
        if !matches!(cancelled, Ok(Err(error)) if is_cancellation(&error)) {
            self.lose();
        }
    }

    /// Notes what a statement did to the transaction and to the tables.
    fn note(&mut self, sql: &str) {
        for part in sql.split(';') {
            let mut words = part.split_whitespace().map(str::to_ascii_uppercase);
            let (first, rest) = (words.next().unwrap_or_default(), words);
            match first.as_str() {
                "BEGIN" | "START" => self.in_transaction = true,
                "COMMIT" | "END" | "ABORT" => self.in_transaction = false,
                "ROLLBACK" if !rest.into_iter().any(|word| word == "TO") => {
                    self.in_transaction = false;
                }
                "ALTER" | "CREATE" | "DROP" | "DISCARD" | "DEALLOCATE" | "SET" => {
                    if let Some(connection) = self.connection.as_deref_mut() {
                        connection.forget();
                    }
                }
                _ => {}
            }
        }
    }

    async fn simple(&mut self, sql: &str) -> Result<(), SqlError> {
        let done = self.connection()?.client.batch_execute(sql).await;
        // Even a failure may have ended the transaction, as that of a commit.
        let is_end = sql == "COMMIT" || sql == "ROLLBACK";
        if done.is_ok() || is_end {
            self.note(sql);
        }
        done.map_err(|failure| error::of(&failure))
    }

    async fn run_batch(
        &mut self,
        sql: &str,
        parameters: &[Vec<SqlValue>],
    ) -> Result<u64, SqlError> {
        let lists: Vec<_> = parameters.iter().map(Vec::as_slice).collect();
        let connection = self.connection()?;
        let (statement, _) = connection.prepare(sql, &lists).await?;
        let client = &connection.client;
        // None of them is sent before it is polled.
        let mut all = Vec::with_capacity(parameters.len());
        for values in parameters {
            all.push(client.execute_raw(&statement, values.iter().map(Parameter)));
        }
        // Limit: PIPELINED_MAX
        let running = stream::iter(all).buffered(PIPELINED_MAX);
        let changed = running.try_fold(0_u64, async |sum, changed| Ok(sum + changed));
        changed.await.map_err(|failure| error::of(&failure))
    }
}

/// Whether a request to cancel has hit a statement.
fn is_cancellation(error: &SqlError) -> bool {
    matches!(error, SqlError::Operational(report) if report.sqlstate == "57014")
}

/// Whether a statement was prepared for a table that is another one now.
fn is_stale(error: &SqlError) -> bool {
    matches!(error, SqlError::NotSupported(report) if report.message.contains("cached plan"))
}

impl Drop for Session {
    /// The server undoes what is left, and only then is the connection anyone else's.
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        if self.is_lost {
            drop(Object::take(connection));
            return;
        }
        let is_busy = self.is_busy || self.stream.take().is_some();
        let target = Arc::clone(&self.target);
        self.runtime.spawn(async move {
            if is_busy {
                target.cancel(connection.cancel_token()).await;
                drop(Object::take(connection));
                return;
            }
            // Limit: RESET
            let reset = timeout(RESET, connection.reset()).await;
            if !matches!(reset, Ok(Ok(()))) {
                drop(Object::take(connection));
            }
        });
    }
}

impl SqlSession for Session {
    fn version(&self) -> &str {
        let connection = self.connection.as_deref();
        connection.map_or("", |connection| connection.version.as_str())
    }

    fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    fn execute(
        &mut self,
        sql: String,
        parameters: Vec<SqlValue>,
        fetch: SqlFetch,
    ) -> SqlFuture<'_, SqlOutcome> {
        Box::pin(async move {
            let run = self.limited(async |this| this.run(&sql, &parameters, fetch).await);
            let ran = run.await;
            if ran.is_err() {
                self.end().await;
            }
            ran
        })
    }

    fn fetch(&mut self, fetch: SqlFetch) -> SqlFuture<'_, SqlRows> {
        Box::pin(async move {
            let taken = self.limited(async |this| this.take(fetch).await).await;
            if taken.is_err() {
                self.end().await;
            }
            taken.map(|(rows, _)| rows)
        })
    }

    fn close(&mut self) -> SqlFuture<'_, ()> {
        Box::pin(async move {
            self.end().await;
            Ok(())
        })
    }

    fn batch(&mut self, sql: String, parameters: Vec<Vec<SqlValue>>) -> SqlFuture<'_, u64> {
        Box::pin(async move {
            if self.in_transaction {
                let run = self.limited(async |this| this.run_batch(&sql, &parameters).await);
                return run.await;
            }
            self.limited(async |this| {
                this.simple("BEGIN").await?;
                let changed = this.run_batch(&sql, &parameters).await;
                let end = if changed.is_ok() {
                    "COMMIT"
                } else {
                    "ROLLBACK"
                };
                this.simple(end).await?;
                changed
            })
            .await
        })
    }

    fn script(&mut self, sql: String) -> SqlFuture<'_, ()> {
        Box::pin(async move { self.limited(async |this| this.simple(&sql).await).await })
    }

    fn begin(&mut self, access: SqlAccess, isolation: Option<SqlIsolation>) -> SqlFuture<'_, ()> {
        let isolation = match isolation {
            None => "",
            Some(SqlIsolation::ReadCommitted) => " ISOLATION LEVEL READ COMMITTED",
            Some(SqlIsolation::RepeatableRead) => " ISOLATION LEVEL REPEATABLE READ",
            Some(SqlIsolation::Serializable) => " ISOLATION LEVEL SERIALIZABLE",
        };
        let access = match access {
            // The connection's default may be to read alone; see `Target::config`.
            SqlAccess::Deferred | SqlAccess::ReadWrite => "",
            SqlAccess::ReadOnly => " READ ONLY",
        };
        let sql = format!("BEGIN{isolation}{access}");
        Box::pin(async move { self.limited(async |this| this.simple(&sql).await).await })
    }

    fn commit(&mut self) -> SqlFuture<'_, ()> {
        Box::pin(async move { self.limited(async |this| this.simple("COMMIT").await).await })
    }

    fn rollback(&mut self) -> SqlFuture<'_, ()> {
        Box::pin(async move {
            self.limited(async |this| this.simple("ROLLBACK").await)
                .await
        })
    }
}
