//! The functions that Django's SQL calls and SQLite does not have: same names, same results.
//!
//! They stand in for those that Django registers in Python, which a guest cannot do: the host does
//! not call a guest in the middle of its own call. Must not keep anything from one call to the next
//! but what belongs to a statement.

mod aggregates;
mod dates;
mod numbers;
mod text;

use rusqlite::functions::{Context, FunctionFlags, SqlFnOutput};
use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{Connection, Error, Result};

/// Adds them to a connection.
pub(super) fn register(sqlite: &Connection) -> Result<()> {
    dates::register(sqlite)?;
    numbers::register(sqlite)?;
    text::register(sqlite)?;
    aggregates::register(sqlite)
}

/// What all of them are. Those that are not random may also stand in a table's definition.
const PURE: FunctionFlags = FunctionFlags::SQLITE_UTF8
    .union(FunctionFlags::SQLITE_DETERMINISTIC)
    .union(FunctionFlags::SQLITE_INNOCUOUS);

/// Adds a function that gives NULL if any of its arguments is NULL, or its result is none.
fn scalar<T, F>(sqlite: &Connection, name: &str, arguments: i32, function: F) -> Result<()>
where
    T: SqlFnOutput,
    Option<T>: SqlFnOutput,
    F: Fn(&mut Context<'_>) -> Result<Option<T>> + Send + 'static,
{
    sqlite.create_scalar_function(name, arguments, PURE, move |context| {
        if (0..context.len()).any(|index| context.get_raw(index) == ValueRef::Null) {
            return Ok(None);
        }
        function(context)
    })
}

/// An argument that may be missing.
fn optional<T: FromSql>(context: &Context<'_>, index: usize) -> Result<Option<T>> {
    context.get(index)
}

/// The error of a function, with its words.
fn refused(message: impl Into<String>) -> Error {
    Error::UserFunctionError(message.into().into())
}

#[cfg(test)]
pub(super) mod tests {
    use rusqlite::types::Value;

    use super::*;

    /// What an expression of SQL gives.
    pub(super) fn evaluate(expression: &str) -> Result<Value> {
        let sqlite = Connection::open_in_memory()?;
        register(&sqlite)?;
        sqlite.query_row(&format!("select {expression}"), [], |row| row.get(0))
    }

    /// Expect that each expression gives the literal beside it.
    pub(super) fn check(cases: &[(&str, &str)]) {
        for (expression, expected) in cases {
            let found =
                evaluate(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
            assert_eq!(found, evaluate(expected).unwrap(), "{expression}");
        }
    }
}
