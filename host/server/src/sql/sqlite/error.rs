//! SQLite's errors, as codes of the SQL standard.

use std::time::Duration;

use rusqlite::{Error, ffi};
use wasgi_gateway::SqlError;

use super::control::End;

/// The error for a failure.
pub(super) fn of(error: &Error) -> SqlError {
    let (code, message) = match error {
        Error::SqliteFailure(error, message) => {
            let message = message.clone().unwrap_or_else(|| error.to_string());
            (error.extended_code, message)
        }
        Error::SqlInputError { error, msg, .. } => (error.extended_code, msg.clone()),
        Error::MultipleStatement => {
            let message =
                "expected one statement, got several: run them one by one, or as a script";
            return SqlError::new("42601", message);
        }
        Error::UserFunctionError(error) => return SqlError::new("22000", error.to_string()),
        other => return SqlError::new("42000", other.to_string()),
    };
    let sqlstate = match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE
        | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        | ffi::SQLITE_CONSTRAINT_ROWID => "23505",
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => "23503",
        ffi::SQLITE_CONSTRAINT_NOTNULL => "23502",
        ffi::SQLITE_CONSTRAINT_CHECK => "23514",
        _ => of_primary(code & 0xff, &message),
    };
    SqlError::new(sqlstate, message)
}

fn of_primary(code: i32, message: &str) -> &'static str {
    match code {
        ffi::SQLITE_CONSTRAINT => "23000",
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => "55P03",
        ffi::SQLITE_INTERRUPT | ffi::SQLITE_ABORT => "57014",
        ffi::SQLITE_FULL => "53100",
        ffi::SQLITE_NOMEM => "53200",
        ffi::SQLITE_AUTH | ffi::SQLITE_PERM => "42501",
        ffi::SQLITE_READONLY => "25006",
        ffi::SQLITE_TOOBIG => "54000",
        ffi::SQLITE_MISMATCH => "22000",
        ffi::SQLITE_RANGE => "42P02",
        ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => "XX001",
        ffi::SQLITE_IOERR | ffi::SQLITE_CANTOPEN | ffi::SQLITE_PROTOCOL => "58030",
        ffi::SQLITE_ERROR if message.starts_with("no such table") => "42P01",
        ffi::SQLITE_ERROR if message.starts_with("no such column") => "42703",
        ffi::SQLITE_ERROR if SYNTAX.iter().any(|words| message.contains(words)) => "42601",
        ffi::SQLITE_ERROR => "42000",
        _ => "XX000",
    }
}

/// What SQLite says of a text that is no statement.
const SYNTAX: [&str; 3] = ["syntax error", "unrecognized token", "incomplete input"];

/// The error of a statement that was ended.
pub(super) fn ended(end: End, time: Duration) -> SqlError {
    let message = match end {
        End::Time => format!("the statement took longer than {time:?}"),
        End::Cancelled => "nobody waits for the statement any more".to_owned(),
    };
    SqlError::new("57014", message)
}

/// The error of a writer whose turn did not come.
pub(super) fn busy(wait: Duration) -> SqlError {
    let message = format!("database is locked: another connection wrote for more than {wait:?}");
    SqlError::new("55P03", message)
}

/// The error of a connection whose thread is gone.
pub(super) fn gone() -> SqlError {
    SqlError::new("08006", "the connection to the database is gone")
}
