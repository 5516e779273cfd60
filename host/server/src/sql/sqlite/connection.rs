//! One connection on its thread: answers what it is asked, one job at a time.
//!
//! Owns what a transaction needs besides SQL: the place of the writer, and the end of read-only.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use rusqlite::Connection as Handle;
use tokio::runtime;
use tokio::sync::oneshot;
use wasgi_gateway::{SqlAccess, SqlError, SqlFetch, SqlOutcome, SqlValue};

use super::control::Control;
use super::guard::Marks;
use super::thread::{Answer, Job, Request};
use super::writer::Writer;
use super::{File, error, open, statement};

/// A connection.
pub(super) struct Connection {
    file: Arc<File>,
    control: Control,
    sqlite: Handle,
    marks: Marks,
    writer: Writer,
    /// The transaction that is open may only read.
    reads_only: bool,
}

impl Connection {
    /// Opens it. Blocks.
    pub(super) fn open(
        file: Arc<File>,
        runtime: runtime::Handle,
        control: Control,
    ) -> Result<Self, SqlError> {
        let (sqlite, marks) = open::open(&file, &control)?;
        let writer = Writer::new(&file.writer, file.limits.wait, runtime);
        Ok(Self {
            file,
            control,
            sqlite,
            marks,
            writer,
            reads_only: false,
        })
    }

    /// Does a job. Returns the next one if that came while a statement ran.
    pub(super) fn serve(&mut self, job: Job, jobs: &Receiver<Job>) -> Option<Job> {
        self.control.allow(self.file.limits.statement);
        let Job { request, reply } = job;
        let mut exchange = Exchange {
            jobs,
            reply: Some(reply),
            next: None,
        };
        let outcome = match request {
            Request::Execute(sql, parameters, fetch) => {
                self.execute(&sql, &parameters, fetch, &mut exchange)
            }
            Request::Batch(sql, parameters) => self.batch(&sql, &parameters),
            Request::Script(sql) => self.script(&sql),
            Request::Begin(access) => self.begin(access),
            Request::Commit => self.end("COMMIT"),
            Request::Rollback => self.end("ROLLBACK"),
            Request::Reset => self.reset(),
            // Nothing runs: it has ended before, as far as anyone knows.
            Request::Fetch(_) | Request::Close => Ok(SqlOutcome::default()),
        };
        let outcome = outcome.map_err(|error| self.explain(error));
        self.settle();
        exchange.answer(outcome, !self.sqlite.is_autocommit());
        exchange.next
    }

    fn execute(
        &mut self,
        sql: &str,
        parameters: &[SqlValue],
        fetch: SqlFetch,
        exchange: &mut Exchange<'_>,
    ) -> Result<SqlOutcome, SqlError> {
        let Self {
            sqlite,
            writer,
            control,
            file,
            ..
        } = self;
        statement::run(
            sqlite,
            writer,
            control,
            (sql, parameters),
            fetch,
            |outcome| {
                exchange.answer(Ok(outcome), !sqlite.is_autocommit());
                let fetch = exchange.go_on()?;
                control.allow(file.limits.statement);
                Some(fetch)
            },
        )
    }

    fn batch(&mut self, sql: &str, parameters: &[Vec<SqlValue>]) -> Result<SqlOutcome, SqlError> {
        let is_alone = self.sqlite.is_autocommit();
        if is_alone {
            self.begin(SqlAccess::ReadWrite)?;
        }
        let Self {
            sqlite,
            writer,
            control,
            ..
        } = self;
        let changed = statement::batch(sqlite, writer, control, sql, parameters);
        if is_alone {
            let end = if changed.is_ok() {
                "COMMIT"
            } else {
                "ROLLBACK"
            };
            let ended = self.end(end);
            if changed.is_ok() && ended.is_err() {
                self.end("ROLLBACK")?;
            }
            ended?;
        }
        Ok(SqlOutcome {
            affected: Some(changed?),
            ..SqlOutcome::default()
        })
    }

    fn script(&mut self, sql: &str) -> Result<SqlOutcome, SqlError> {
        if !self.file.is_read_only {
            // What it does is not known before it is done.
            self.writer.enter(&self.control)?;
        }
        self.run(sql)
    }

    fn begin(&mut self, access: SqlAccess) -> Result<SqlOutcome, SqlError> {
        match access {
            SqlAccess::ReadWrite => {
                self.writer.enter(&self.control)?;
                self.run("BEGIN IMMEDIATE")
            }
            SqlAccess::Deferred => self.run("BEGIN"),
            SqlAccess::ReadOnly => {
                self.run("BEGIN")?;
                self.reads_only = true;
                self.query_only(true)
            }
        }
    }

    fn end(&self, sql: &str) -> Result<SqlOutcome, SqlError> {
        if self.sqlite.is_autocommit() {
            return Ok(SqlOutcome::default());
        }
        self.run(sql)
    }

    /// Undoes what a session has left. A connection with settings of its own is opened anew.
    fn reset(&mut self) -> Result<SqlOutcome, SqlError> {
        self.control.begin();
        self.end("ROLLBACK")?;
        if self.marks.is_changed() {
            (self.sqlite, self.marks) = open::open(&self.file, &self.control)?;
        }
        Ok(SqlOutcome::default())
    }

    /// Lets the next one write once nothing is left to commit.
    fn settle(&mut self) {
        if !self.sqlite.is_autocommit() {
            return;
        }
        self.writer.leave();
        if std::mem::take(&mut self.reads_only)
            && let Err(error) = self.query_only(false)
        {
            tracing::error!("a connection to SQLite stays read-only: {error}");
        }
    }

    fn query_only(&self, is_on: bool) -> Result<SqlOutcome, SqlError> {
        let was_changed = self.marks.is_changed();
        let set = self.sqlite.pragma_update(None, "query_only", is_on);
        set.map_err(|failure| error::of(&failure))?;
        self.marks.set(was_changed);
        Ok(SqlOutcome::default())
    }

    fn run(&self, sql: &str) -> Result<SqlOutcome, SqlError> {
        let run = self.sqlite.execute_batch(sql);
        run.map_err(|failure| error::of(&failure))?;
        Ok(SqlOutcome::default())
    }

    /// Says why a statement was ended: SQLite only knows that it was.
    fn explain(&self, error: SqlError) -> SqlError {
        match (&error, self.control.end()) {
            (SqlError::Operational(report), Some(end)) if report.sqlstate == "57014" => {
                error::ended(end, self.file.limits.statement)
            }
            _ => error,
        }
    }
}

/// The talk about one statement.
struct Exchange<'j> {
    jobs: &'j Receiver<Job>,
    /// Where the answer goes that is awaited. None: none is.
    reply: Option<oneshot::Sender<Answer>>,
    /// A job that is not about this statement.
    next: Option<Job>,
}

impl Exchange<'_> {
    fn answer(&mut self, outcome: Result<SqlOutcome, SqlError>, in_transaction: bool) {
        if let Some(reply) = self.reply.take() {
            // Whoever asked may be gone; then a reset comes.
            let _told = reply.send(Answer {
                outcome,
                in_transaction,
            });
        }
    }

    /// Waits for what to do with the statement that runs. None: end it.
    fn go_on(&mut self) -> Option<SqlFetch> {
        let Job { request, reply } = self.jobs.recv().ok()?;
        match request {
            Request::Fetch(fetch) => {
                self.reply = Some(reply);
                Some(fetch)
            }
            Request::Close => {
                self.reply = Some(reply);
                None
            }
            request => {
                self.next = Some(Job { request, reply });
                None
            }
        }
    }
}
