//! Parameters: as text, which the server itself converts to what the statement asks for.

use std::error::Error;

use bytes::{BufMut as _, BytesMut};
use serde_json::Value;
use tokio_postgres::types::{Format, IsNull, ToSql, Type};
use wasgi_gateway::{SqlError, SqlValue};

/// What a parameter is said to be, where the statement leaves it open. A text may be anything that
/// the statement makes of it.
pub(super) fn hint(value: &SqlValue) -> Type {
    match value {
        SqlValue::Null | SqlValue::Text(_) | SqlValue::Array(_) => Type::UNKNOWN,
        SqlValue::Boolean(_) => Type::BOOL,
        // The smallest that holds it: the server widens a number by itself, and does not narrow it.
        SqlValue::Integer(number) if i16::try_from(*number).is_ok() => Type::INT2,
        SqlValue::Integer(number) if i32::try_from(*number).is_ok() => Type::INT4,
        SqlValue::Integer(_) => Type::INT8,
        SqlValue::Real(_) => Type::FLOAT8,
        SqlValue::Blob(_) => Type::BYTEA,
        SqlValue::Decimal(_) => Type::NUMERIC,
        SqlValue::Date(_) => Type::DATE,
        SqlValue::Time(text) if has_offset(text, 0) => Type::TIMETZ,
        SqlValue::Time(_) => Type::TIME,
        SqlValue::Timestamp(text) if has_offset(text, "2026-02-28".len()) => Type::TIMESTAMPTZ,
        SqlValue::Timestamp(_) => Type::TIMESTAMP,
        SqlValue::Interval(_) => Type::INTERVAL,
        SqlValue::Uuid(_) => Type::UUID,
        SqlValue::Json(_) => Type::JSONB,
    }
}

/// Whether a time ends in an offset. A date before it has hyphens too.
fn has_offset(text: &str, date: usize) -> bool {
    let time = text.get(date..).unwrap_or_default();
    time.contains(['+', '-', 'Z'])
}

/// A parameter.
#[derive(Debug)]
pub(super) struct Parameter<'v>(pub(super) &'v SqlValue);

impl ToSql for Parameter<'_> {
    fn to_sql(
        &self,
        wanted: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            SqlValue::Null => return Ok(IsNull::Yes),
            SqlValue::Boolean(true) => out.put_slice(b"t"),
            SqlValue::Boolean(false) => out.put_slice(b"f"),
            SqlValue::Integer(number) => out.put_slice(number.to_string().as_bytes()),
            SqlValue::Real(number) => out.put_slice(real(*number).as_bytes()),
            SqlValue::Blob(bytes) if is_binary(wanted) => out.put_slice(bytes),
            SqlValue::Blob(bytes) => {
                out.put_slice(b"\\x");
                for byte in bytes {
                    out.put_slice(format!("{byte:02x}").as_bytes());
                }
            }
            SqlValue::Array(json) => out.put_slice(array(json)?.as_bytes()),
            SqlValue::Text(text)
            | SqlValue::Decimal(text)
            | SqlValue::Date(text)
            | SqlValue::Time(text)
            | SqlValue::Timestamp(text)
            | SqlValue::Interval(text)
            | SqlValue::Uuid(text)
            | SqlValue::Json(text) => out.put_slice(text.as_bytes()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        wanted: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.to_sql(wanted, out)
    }

    fn encode_format(&self, wanted: &Type) -> Format {
        match self.0 {
            SqlValue::Blob(_) if is_binary(wanted) => Format::Binary,
            _ => Format::Text,
        }
    }
}

fn is_binary(wanted: &Type) -> bool {
    *wanted == Type::BYTEA
}

fn real(number: f64) -> String {
    if number.is_infinite() {
        let sign = if number < 0.0 { "-" } else { "" };
        return format!("{sign}Infinity");
    }
    // The shortest text that is the same number again.
    format!("{number:?}")
}

/// An array in PostgreSQL's words: `{1,"a b",NULL}`.
fn array(json: &str) -> Result<String, SqlError> {
    let refuse = |why: &str| SqlError::new("22P02", format!("expected an array in JSON: {why}"));
    match serde_json::from_str(json) {
        Ok(Value::Array(elements)) => {
            let mut text = String::new();
            write(&elements, &mut text);
            Ok(text)
        }
        Ok(_) => Err(refuse("the document is of another kind")),
        Err(error) => Err(refuse(&error.to_string())),
    }
}

fn write(elements: &[Value], text: &mut String) {
    text.push('{');
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        match element {
            Value::Null => text.push_str("NULL"),
            Value::Array(inner) => write(inner, text),
            Value::String(inner) => quote(inner, text),
            Value::Object(_) => quote(&element.to_string(), text),
            Value::Bool(_) | Value::Number(_) => text.push_str(&element.to_string()),
        }
    }
    text.push('}');
}

fn quote(inner: &str, text: &mut String) {
    text.push('"');
    for character in inner.chars() {
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_written() {
        for (json, expected) in [
            ("[]", "{}"),
            ("[1, null, true, -2.5]", "{1,NULL,true,-2.5}"),
            (
                r#"["a b", "", "NULL", "q\"\\"]"#,
                r#"{"a b","","NULL","q\"\\"}"#,
            ),
            (r#"[[1], [{"a": 1}]]"#, r#"{{1},{"{\"a\":1}"}}"#),
        ] {
            assert_eq!(array(json).unwrap(), expected);
        }
        assert!(array("{}").is_err() && array("[").is_err());
    }

    #[test]
    fn open_parameters_are_said_to_be_something() {
        let timestamp = |text: &str| hint(&SqlValue::Timestamp(text.to_owned()));
        assert_eq!(timestamp("2026-02-28 10:00:00"), Type::TIMESTAMP);
        assert_eq!(timestamp("2026-02-28 10:00:00-01:00"), Type::TIMESTAMPTZ);
        assert_eq!(timestamp("é"), Type::TIMESTAMP);
        for (number, expected) in [
            (1, Type::INT2),
            (-70_000, Type::INT4),
            (1 << 40, Type::INT8),
        ] {
            assert_eq!(hint(&SqlValue::Integer(number)), expected);
        }
    }
}
