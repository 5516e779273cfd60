//! Between what `wit/sql` generates and what the seam says: the same cases, name by name.

use super::bindings::wasgi::sql::{database, values};
use super::{SqlAccess, SqlColumn, SqlDialect, SqlError, SqlIsolation, SqlReport, SqlValue};

impl From<values::Value> for SqlValue {
    fn from(value: values::Value) -> Self {
        match value {
            values::Value::Null => Self::Null,
            values::Value::Boolean(value) => Self::Boolean(value),
            values::Value::Integer(value) => Self::Integer(value),
            values::Value::Real(value) => Self::Real(value),
            values::Value::Text(value) => Self::Text(value),
            values::Value::Blob(value) => Self::Blob(value),
            values::Value::Decimal(value) => Self::Decimal(value),
            values::Value::Date(value) => Self::Date(value),
            values::Value::Time(value) => Self::Time(value),
            values::Value::Timestamp(value) => Self::Timestamp(value),
            values::Value::Interval(value) => Self::Interval(value),
            values::Value::Uuid(value) => Self::Uuid(value),
            values::Value::Json(value) => Self::Json(value),
            values::Value::Array(value) => Self::Array(value),
        }
    }
}

impl From<SqlValue> for values::Value {
    fn from(value: SqlValue) -> Self {
        match value {
            SqlValue::Null => Self::Null,
            SqlValue::Boolean(value) => Self::Boolean(value),
            SqlValue::Integer(value) => Self::Integer(value),
            SqlValue::Real(value) => Self::Real(value),
            SqlValue::Text(value) => Self::Text(value),
            SqlValue::Blob(value) => Self::Blob(value),
            SqlValue::Decimal(value) => Self::Decimal(value),
            SqlValue::Date(value) => Self::Date(value),
            SqlValue::Time(value) => Self::Time(value),
            SqlValue::Timestamp(value) => Self::Timestamp(value),
            SqlValue::Interval(value) => Self::Interval(value),
            SqlValue::Uuid(value) => Self::Uuid(value),
            SqlValue::Json(value) => Self::Json(value),
            SqlValue::Array(value) => Self::Array(value),
        }
    }
}

impl From<SqlColumn> for values::Column {
    fn from(column: SqlColumn) -> Self {
        Self {
            name: column.name,
            type_name: column.type_name,
        }
    }
}

impl From<SqlReport> for values::Report {
    fn from(report: SqlReport) -> Self {
        Self {
            sqlstate: report.sqlstate,
            message: report.message,
        }
    }
}

impl From<SqlError> for values::Error {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Denied => Self::Denied,
            SqlError::Integrity(report) => Self::Integrity(report.into()),
            SqlError::Data(report) => Self::Data(report.into()),
            SqlError::Programming(report) => Self::Programming(report.into()),
            SqlError::Operational(report) => Self::Operational(report.into()),
            SqlError::Internal(report) => Self::Internal(report.into()),
            SqlError::NotSupported(report) => Self::NotSupported(report.into()),
        }
    }
}

impl From<SqlDialect> for database::Dialect {
    fn from(dialect: SqlDialect) -> Self {
        match dialect {
            SqlDialect::Sqlite => Self::Sqlite,
            SqlDialect::Postgresql => Self::Postgresql,
        }
    }
}

impl From<database::Access> for SqlAccess {
    fn from(access: database::Access) -> Self {
        match access {
            database::Access::Deferred => Self::Deferred,
            database::Access::ReadWrite => Self::ReadWrite,
            database::Access::ReadOnly => Self::ReadOnly,
        }
    }
}

impl From<database::Isolation> for SqlIsolation {
    fn from(isolation: database::Isolation) -> Self {
        match isolation {
            database::Isolation::ReadCommitted => Self::ReadCommitted,
            database::Isolation::RepeatableRead => Self::RepeatableRead,
            database::Isolation::Serializable => Self::Serializable,
        }
    }
}
