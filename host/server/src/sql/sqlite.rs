//! SQLite, in this process.
//!
//! - A `session` is what a guest has; it asks a `thread`, which owns a connection, since SQLite
//!   blocks. The threads are as many as connections, which the pool bounds.
//! - `connection` answers what a thread is asked, `statement` runs one statement.
//! - `open` makes a connection that is held to `guard`'s rules; `control` ends what takes too long;
//!   `writer` is the queue of those that write.
//! - `functions` are those that Django's SQL calls, which SQLite does not have.
//!
//! A guest must not reach any other file, whatever its SQL says.

mod connection;
mod control;
mod error;
mod functions;
mod guard;
mod open;
mod session;
mod statement;
mod thread;
mod value;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use deadpool::managed::{Manager, Metrics, Pool, RecycleResult};
use tokio::sync::Semaphore;
use wasgi_gateway::{SqlError, SqlSession};

use self::session::Session;
use self::thread::Thread;
use super::pool;
use super::settings::{SqlLimits, SqlSettings};

/// A database in a file.
pub(super) struct Sqlite {
    pool: Pool<Threads>,
    limits: SqlLimits,
}

/// What the connections to one file share.
struct File {
    path: PathBuf,
    is_read_only: bool,
    limits: SqlLimits,
    /// The place of the one connection that writes.
    writer: Arc<Semaphore>,
}

/// Makes connections for the pool.
struct Threads {
    file: Arc<File>,
}

impl Sqlite {
    pub(super) fn new(path: &Path, settings: &SqlSettings) -> Self {
        let file = File {
            path: path.to_owned(),
            is_read_only: settings.read_only,
            limits: settings.limits.clone(),
            writer: Arc::new(Semaphore::new(1)),
        };
        let threads = Threads {
            file: Arc::new(file),
        };
        Self {
            pool: pool::new(threads, &settings.limits),
            limits: settings.limits.clone(),
        }
    }

    pub(super) async fn connect(&self) -> Result<Box<dyn SqlSession>, SqlError> {
        let thread = pool::take(&self.pool, &self.limits).await?;
        Ok(Box::new(Session::new(thread, &self.limits)))
    }
}

impl Manager for Threads {
    type Type = Thread;
    type Error = SqlError;

    async fn create(&self) -> Result<Thread, SqlError> {
        Thread::start(&self.file).await
    }

    async fn recycle(&self, thread: &mut Thread, _: &Metrics) -> RecycleResult<SqlError> {
        // What a session left was undone when it went: see `Session::drop`.
        thread.check()?;
        Ok(())
    }
}
