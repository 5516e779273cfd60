//! Results: from the bytes that the server sends for each type.

use std::error::Error;
use std::net::IpAddr;

use postgres_protocol::types as protocol;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Kind, Type};
use wasgi_gateway::{SqlError, SqlValue};

use super::{moment, numeric};

/// The values of a row.
pub(super) fn row(row: &Row) -> Result<Vec<SqlValue>, SqlError> {
    let columns = row.columns().iter().enumerate();
    columns
        .map(|(index, column)| {
            let found = row.try_get::<_, Option<Raw<'_>>>(index);
            let Some(Raw(bytes)) = found.map_err(|error| super::error::of(&error))? else {
                return Ok(SqlValue::Null);
            };
            decode(column.type_(), bytes).ok_or_else(|| {
                let (name, type_name) = (column.name(), column.type_().name());
                SqlError::new(
                    "0A000",
                    format!(
                        "column {name:?} has a value of type {type_name} that the host does not \
                         hand over: cast it to text"
                    ),
                )
            })
        })
        .collect()
}

/// A value as it came.
struct Raw<'r>(&'r [u8]);

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(_: &Type, bytes: &'r [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(bytes))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn decode(of: &Type, bytes: &[u8]) -> Option<SqlValue> {
    Some(match *of {
        Type::BOOL => SqlValue::Boolean(protocol::bool_from_sql(bytes).ok()?),
        Type::INT2 => SqlValue::Integer(protocol::int2_from_sql(bytes).ok()?.into()),
        Type::INT4 => SqlValue::Integer(protocol::int4_from_sql(bytes).ok()?.into()),
        Type::INT8 => SqlValue::Integer(protocol::int8_from_sql(bytes).ok()?),
        Type::OID | Type::XID => SqlValue::Integer(protocol::oid_from_sql(bytes).ok()?.into()),
        // The number that a person would write, and not the one that is nearest to its bits.
        Type::FLOAT4 => {
            let number = protocol::float4_from_sql(bytes).ok()?;
            SqlValue::Real(number.to_string().parse().ok()?)
        }
        Type::FLOAT8 => SqlValue::Real(protocol::float8_from_sql(bytes).ok()?),
        Type::NUMERIC => SqlValue::Decimal(numeric::text(bytes)?),
        Type::BYTEA => SqlValue::Blob(bytes.to_vec()),
        Type::UUID => SqlValue::Uuid(uuid(protocol::uuid_from_sql(bytes).ok()?)),
        Type::JSON => SqlValue::Json(text(bytes)?),
        Type::JSONB => SqlValue::Json(text(bytes.strip_prefix(&[1])?)?),
        Type::DATE => SqlValue::Date(moment::date(protocol::date_from_sql(bytes).ok()?)?),
        Type::TIME => SqlValue::Time(moment::time(protocol::time_from_sql(bytes).ok()?)?),
        Type::TIMETZ => {
            let (time, zone) = bytes.split_at_checked(8)?;
            let time = moment::time(protocol::time_from_sql(time).ok()?)?;
            let zone = moment::offset(protocol::int4_from_sql(zone).ok()?);
            SqlValue::Time(time + &zone)
        }
        Type::TIMESTAMP => SqlValue::Timestamp(timestamp(bytes, "")?),
        Type::TIMESTAMPTZ => SqlValue::Timestamp(timestamp(bytes, "+00:00")?),
        Type::INTERVAL => {
            let (time, rest) = bytes.split_at_checked(8)?;
            let (days, months) = rest.split_at_checked(4)?;
            SqlValue::Interval(moment::interval(
                protocol::int8_from_sql(time).ok()?,
                protocol::int4_from_sql(days).ok()?,
                protocol::int4_from_sql(months).ok()?,
            ))
        }
        Type::INET => SqlValue::Text(network(bytes, false)?),
        Type::CIDR => SqlValue::Text(network(bytes, true)?),
        Type::CHAR
        | Type::TEXT
        | Type::VARCHAR
        | Type::BPCHAR
        | Type::NAME
        | Type::XML
        | Type::UNKNOWN
        | Type::VOID => SqlValue::Text(text(bytes)?),
        _ => return decode_other(of, bytes),
    })
}

fn decode_other(of: &Type, bytes: &[u8]) -> Option<SqlValue> {
    match of.kind() {
        Kind::Enum(_) => text(bytes).map(SqlValue::Text),
        Kind::Domain(inner) => decode(inner, bytes),
        Kind::Array(inner) => array(inner, bytes).map(SqlValue::Array),
        Kind::Simple if matches!(of.name(), "citext" | "ltree") => {
            let bytes = bytes.strip_prefix(&[1]).unwrap_or(bytes);
            text(bytes).map(SqlValue::Text)
        }
        _ => None,
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

fn timestamp(bytes: &[u8], offset: &str) -> Option<String> {
    let microseconds = protocol::timestamp_from_sql(bytes).ok()?;
    moment::boundless(microseconds).or_else(|| Some(moment::timestamp(microseconds)? + offset))
}

fn uuid(bytes: [u8; 16]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ]
    .join("-")
}

/// An address; with its mask if that leaves more than one, or the type is one of networks.
fn network(bytes: &[u8], is_network: bool) -> Option<String> {
    let inet = protocol::inet_from_sql(bytes).ok()?;
    let whole = match inet.addr() {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    };
    Some(match inet.netmask() {
        mask if mask == whole && !is_network => inet.addr().to_string(),
        mask => format!("{}/{mask}", inet.addr()),
    })
}

/// An array, as JSON.
fn array(of: &Type, bytes: &[u8]) -> Option<String> {
    use postgres_protocol::types::array_from_sql;
    use tokio_postgres::fallible_iterator::FallibleIterator as _;

    let array = array_from_sql(bytes).ok()?;
    let lengths: Vec<_> = array.dimensions().map(|one| Ok(one.len)).collect().ok()?;
    let mut elements = Vec::new();
    let mut values = array.values();
    while let Some(value) = values.next().ok()? {
        elements.push(match value {
            None => Value::Null,
            Some(bytes) => json(decode(of, bytes)?)?,
        });
    }
    // From the innermost dimension outwards.
    for length in lengths.iter().skip(1).rev() {
        let length = usize::try_from(*length).ok().filter(|length| *length > 0)?;
        let inner = elements
            .chunks(length)
            .map(|chunk| Value::Array(chunk.to_vec()));
        elements = inner.collect();
    }
    Some(Value::Array(elements).to_string())
}

fn json(value: SqlValue) -> Option<Value> {
    Some(match value {
        SqlValue::Null => Value::Null,
        SqlValue::Boolean(value) => value.into(),
        SqlValue::Integer(value) => value.into(),
        SqlValue::Real(value) => serde_json::Number::from_f64(value)?.into(),
        SqlValue::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("\\x{digits}").into()
        }
        SqlValue::Json(text) => serde_json::from_str(&text).ok()?,
        SqlValue::Text(text)
        | SqlValue::Decimal(text)
        | SqlValue::Date(text)
        | SqlValue::Time(text)
        | SqlValue::Timestamp(text)
        | SqlValue::Interval(text)
        | SqlValue::Uuid(text)
        | SqlValue::Array(text) => text.into(),
    })
}
