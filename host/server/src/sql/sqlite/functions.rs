//! The functions that Django's SQL calls and SQLite does not have.

use rusqlite::Connection;

/// Adds them to a connection.
pub(super) fn register(_sqlite: &Connection) -> rusqlite::Result<()> {
    Ok(())
}
