//! PostgreSQL's errors, which have the codes of the SQL standard.

use std::error::Error as _;
use std::time::Duration;

use tokio_postgres::Error;
use wasgi_gateway::SqlError;

/// The error for a failure. What the server adds to its message is for the developer too.
pub(super) fn of(error: &Error) -> SqlError {
    if let Some(told) = error.as_db_error() {
        let mut message = told.message().to_owned();
        for (name, more) in [("DETAIL", told.detail()), ("HINT", told.hint())] {
            if let Some(more) = more {
                message.push_str(&format!("\n{name}:  {more}"));
            }
        }
        return SqlError::new(told.code().code(), message);
    }
    if let Some(refused) = error
        .source()
        .and_then(|source| source.downcast_ref::<SqlError>())
    {
        return refused.clone();
    }
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    SqlError::new("08006", message)
}

/// The error of a statement that took too long.
pub(super) fn too_long(time: Duration) -> SqlError {
    SqlError::new("57014", format!("the statement took longer than {time:?}"))
}

/// The error of a connection that is not of use any more.
pub(super) fn gone() -> SqlError {
    SqlError::new("08006", "the connection to the database is gone")
}
