//! Opens connections: each with the same settings, functions and rules.

use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use wasgi_gateway::SqlError;

use super::control::Control;
use super::guard::{self, Marks};
use super::{File, error, functions};

/// Instructions of SQLite's machine between two looks at whether it is to end.
const STEPS: i32 = 1_000;

/// Statements that a connection keeps compiled.
const STATEMENTS_MAX: usize = 64;

/// The longest pause between two looks at a lock of another process.
const PAUSE_MAX: Duration = Duration::from_millis(20);

/// Opens a connection. Blocks.
pub(super) fn open(file: &File, control: &Control) -> Result<(Connection, Marks), SqlError> {
    let marks = Marks::default();
    let opened = connect(file, control, &marks).map_err(|failure| {
        let path = file.path.display();
        tracing::warn!("cannot open the database {path}: {failure}");
        error::of(&failure)
    })?;
    Ok((opened, marks))
}

fn connect(file: &File, control: &Control, marks: &Marks) -> rusqlite::Result<Connection> {
    let access = if file.is_read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    };
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let mut sqlite = Connection::open_with_flags(&file.path, flags)?;
    wait_for_locks(&mut sqlite, file.limits.wait, control)?;
    if !file.is_read_only {
        // Readers and the writer do not wait for each other. What is committed lasts.
        sqlite.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
    }
    sqlite.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    functions::register(&sqlite)?;
    let progress = control.clone();
    sqlite.progress_handler(STEPS, Some(move || progress.end().is_some()))?;
    guard::apply(&mut sqlite, marks)?;
    Ok(sqlite)
}

/// Waits for locks that the queue of writers knows nothing of: those of other processes, and of
/// other releases of the app.
fn wait_for_locks(
    sqlite: &mut Connection,
    wait: Duration,
    control: &Control,
) -> rusqlite::Result<()> {
    let control = control.clone();
    let mut began = Instant::now();
    sqlite.busy_handler(Some(move |looks: i32| {
        if looks == 0 {
            began = Instant::now();
        }
        // Limit: SqlLimits::wait
        if began.elapsed() >= wait || control.end().is_some() {
            return false;
        }
        pause(looks);
        true
    }))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the thread serves this connection alone"
)]
fn pause(looks: i32) {
    let pause = Duration::from_millis(u64::from(looks.unsigned_abs()) + 1);
    std::thread::sleep(pause.min(PAUSE_MAX));
}
