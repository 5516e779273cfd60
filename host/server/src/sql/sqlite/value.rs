//! Values, as SQLite keeps them.

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Statement, ToSql};
use wasgi_gateway::{SqlColumn, SqlError, SqlValue};

use super::error;

/// A parameter. What SQLite has no type for is kept as its text.
struct Parameter<'v>(&'v SqlValue);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            SqlValue::Null => ValueRef::Null,
            SqlValue::Boolean(value) => ValueRef::Integer((*value).into()),
            SqlValue::Integer(value) => ValueRef::Integer(*value),
            SqlValue::Real(value) => ValueRef::Real(*value),
            SqlValue::Blob(value) => ValueRef::Blob(value),
            SqlValue::Text(text)
            | SqlValue::Decimal(text)
            | SqlValue::Date(text)
            | SqlValue::Time(text)
            | SqlValue::Timestamp(text)
            | SqlValue::Interval(text)
            | SqlValue::Uuid(text)
            | SqlValue::Json(text)
            | SqlValue::Array(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// Gives a statement its parameters.
pub(super) fn bind(statement: &mut Statement<'_>, parameters: &[SqlValue]) -> Result<(), SqlError> {
    let expected = statement.parameter_count();
    if parameters.len() != expected {
        return Err(SqlError::new(
            "42P02",
            format!(
                "the statement has {expected} parameters, but {} were given",
                parameters.len()
            ),
        ));
    }
    for (index, value) in parameters.iter().enumerate() {
        let bound = statement.raw_bind_parameter(index + 1, Parameter(value));
        bound.map_err(|failure| error::of(&failure))?;
    }
    Ok(())
}

/// What a column of a row holds.
pub(super) fn read(value: ValueRef<'_>, column: &SqlColumn) -> Result<SqlValue, SqlError> {
    Ok(match Value::try_from(value) {
        Ok(Value::Null) => SqlValue::Null,
        Ok(Value::Integer(value)) => SqlValue::Integer(value),
        Ok(Value::Real(value)) => SqlValue::Real(value),
        Ok(Value::Text(value)) => SqlValue::Text(value),
        Ok(Value::Blob(value)) => SqlValue::Blob(value),
        Err(_) => {
            let name = &column.name;
            return Err(SqlError::new(
                "22021",
                format!("the text in column {name:?} is not UTF-8: cast it to a blob"),
            ));
        }
    })
}
