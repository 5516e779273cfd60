//! A guest's connection: it asks the thread, and gives the connection back when it goes.

use std::time::Duration;

use deadpool::managed::Object;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use wasgi_gateway::{
    SqlAccess, SqlError, SqlFetch, SqlFuture, SqlIsolation, SqlOutcome, SqlRows, SqlSession,
    SqlValue,
};

use super::thread::Request;
use super::{Threads, error};
use crate::sql::settings::SqlLimits;

/// Time beyond a statement's own in which SQLite has to notice that it is over.
const GRACE: Duration = Duration::from_secs(5);

/// A connection that one guest has.
pub(super) struct Session {
    /// None: it was given back.
    thread: Option<Object<Threads>>,
    /// Ends what runs when the session is gone.
    cancel: CancellationToken,
    in_transaction: bool,
    /// How long an answer may take.
    patience: Duration,
    /// An answer did not come in time.
    is_lost: bool,
    runtime: Handle,
}

impl Session {
    pub(super) fn new(thread: Object<Threads>, limits: &SqlLimits) -> Self {
        Self {
            cancel: thread.begin(),
            thread: Some(thread),
            in_transaction: false,
            patience: limits.statement + limits.wait + GRACE,
            is_lost: false,
            runtime: Handle::current(),
        }
    }

    async fn ask(&mut self, request: Request) -> Result<SqlOutcome, SqlError> {
        if self.is_lost {
            return Err(error::gone());
        }
        let thread = self.thread.as_ref().ok_or_else(error::gone)?;
        let answer = thread.ask(request)?;
        // Dropped before the answer comes, nobody waits for it.
        let cancel = self.cancel.clone().drop_guard();
        let Ok(answer) = timeout(self.patience, answer).await else {
            self.is_lost = true;
            let message = "the statement could not be ended in time";
            return Err(SqlError::new("57014", message));
        };
        DropGuard::disarm(cancel);
        let answer = answer.map_err(|_| error::gone())?;
        self.in_transaction = answer.in_transaction;
        answer.outcome
    }

    async fn do_only(&mut self, request: Request) -> Result<(), SqlError> {
        self.ask(request).await.map(drop)
    }
}

impl Drop for Session {
    /// The thread undoes what is left, and only then is its connection anyone else's.
    fn drop(&mut self) {
        self.cancel.cancel();
        let Some(thread) = self.thread.take() else {
            return;
        };
        self.runtime.spawn(async move {
            let reset = match thread.ask(Request::Reset) {
                Ok(answer) => answer.await.is_ok_and(|answer| answer.outcome.is_ok()),
                Err(_) => false,
            };
            if !reset {
                drop(Object::take(thread));
            }
        });
    }
}

impl SqlSession for Session {
    fn version(&self) -> &str {
        rusqlite::version()
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
        Box::pin(self.ask(Request::Execute(sql, parameters, fetch)))
    }

    fn fetch(&mut self, fetch: SqlFetch) -> SqlFuture<'_, SqlRows> {
        Box::pin(async move {
            let outcome = self.ask(Request::Fetch(fetch)).await?;
            let ended = || SqlRows {
                rows: Vec::new(),
                is_last: true,
            };
            Ok(outcome.result.map_or_else(ended, |(_, rows)| rows))
        })
    }

    fn close(&mut self) -> SqlFuture<'_, ()> {
        Box::pin(self.do_only(Request::Close))
    }

    fn batch(&mut self, sql: String, parameters: Vec<Vec<SqlValue>>) -> SqlFuture<'_, u64> {
        Box::pin(async move {
            let outcome = self.ask(Request::Batch(sql, parameters)).await?;
            Ok(outcome.affected.unwrap_or_default())
        })
    }

    fn script(&mut self, sql: String) -> SqlFuture<'_, ()> {
        Box::pin(self.do_only(Request::Script(sql)))
    }

    fn begin(&mut self, access: SqlAccess, _: Option<SqlIsolation>) -> SqlFuture<'_, ()> {
        // SQLite's transactions are serializable, which is more than any other isolation.
        Box::pin(self.do_only(Request::Begin(access)))
    }

    fn commit(&mut self) -> SqlFuture<'_, ()> {
        Box::pin(self.do_only(Request::Commit))
    }

    fn rollback(&mut self) -> SqlFuture<'_, ()> {
        Box::pin(self.do_only(Request::Rollback))
    }
}
