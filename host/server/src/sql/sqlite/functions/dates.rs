//! Dates and times, as Django writes them: `2026-02-28 23:59:59.500000`, in a zone that it says.

mod parse;

use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, ToSpan};
use rusqlite::functions::Context;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Result};

use self::parse::{local, moment, time};
use super::{optional, refused, scalar};

pub(super) fn register(sqlite: &Connection) -> Result<()> {
    scalar(sqlite, "django_date_extract", 2, |context| {
        let found = moment(&context.get::<String>(1)?);
        found
            .map(|at| part(&context.get::<String>(0)?, at))
            .transpose()
    })?;
    zoned(sqlite, "django_datetime_extract", 4, 1, |context, at| {
        part(&context.get::<String>(0)?, at).map(Value::Integer)
    })?;
    scalar(sqlite, "django_time_extract", 2, |context| {
        let found = time(&context.get::<String>(1)?);
        let at = found.map(|time| Date::constant(1900, 1, 1).to_datetime(time));
        at.map(|at| part(&context.get::<String>(0)?, at))
            .transpose()
    })?;
    zoned(sqlite, "django_date_trunc", 4, 1, |context, at| {
        let cut = cut(&context.get::<String>(0)?, at)?;
        Ok(Value::Text(cut.date().to_string()))
    })?;
    zoned(sqlite, "django_datetime_trunc", 4, 1, |context, at| {
        let cut = cut(&context.get::<String>(0)?, at)?;
        Ok(Value::Text(written(cut)))
    })?;
    sqlite.create_scalar_function("django_time_trunc", 4, super::PURE, |context| {
        let Some(text) = optional::<String>(context, 1)? else {
            return Ok(Value::Null);
        };
        let at = local(context, 1)?
            .map(DateTime::time)
            .or_else(|| time(&text));
        let Some(at) = at else {
            return Ok(Value::Null);
        };
        let kind = context.get::<String>(0)?;
        let cut = cut(&kind, Date::constant(1900, 1, 1).to_datetime(at))?;
        Ok(Value::Text(written_time(cut.time())))
    })?;
    zoned(sqlite, "django_datetime_cast_date", 3, 0, |_, at| {
        Ok(Value::Text(at.date().to_string()))
    })?;
    zoned(sqlite, "django_datetime_cast_time", 3, 0, |_, at| {
        Ok(Value::Text(written_time(at.time())))
    })?;
    scalar(sqlite, "django_time_diff", 2, |context| {
        let (one, other) = (context.get::<String>(0)?, context.get::<String>(1)?);
        let day = |text: &str| time(text).map(|time| Date::constant(1900, 1, 1).to_datetime(time));
        Ok(day(&one)
            .zip(day(&other))
            .map(|(one, other)| microseconds(one, other)))
    })?;
    scalar(sqlite, "django_timestamp_diff", 2, |context| {
        let (one, other) = (context.get::<String>(0)?, context.get::<String>(1)?);
        let moments = moment(&one).zip(moment(&other));
        Ok(moments.map(|(one, other)| microseconds(one, other)))
    })?;
    scalar(sqlite, "django_format_dtdelta", 3, |context| {
        let connector: String = context.get(0)?;
        combined(connector.trim(), context.get_raw(1), context.get_raw(2))
    })
}

/// Adds a function of a point in time in a zone. Its argument `at` is followed by the name of the
/// zone that is wanted and that of the one it is written in; both may be NULL.
fn zoned(
    sqlite: &Connection,
    name: &str,
    arguments: i32,
    at: usize,
    function: fn(&Context<'_>, DateTime) -> Result<Value>,
) -> Result<()> {
    sqlite.create_scalar_function(name, arguments, super::PURE, move |context| {
        match local(context, at)? {
            None => Ok(Value::Null),
            Some(found) => function(context, found),
        }
    })
}

/// One part of a point in time.
fn part(kind: &str, at: DateTime) -> Result<i64> {
    let week = at.date().iso_week_date();
    Ok(match kind {
        "year" => at.year().into(),
        "iso_year" => week.year().into(),
        "quarter" => i64::from((at.month() - 1) / 3 + 1),
        "month" => at.month().into(),
        "week" => week.week().into(),
        "day" => at.day().into(),
        // Sunday is 1.
        "week_day" => i64::from(at.weekday().to_sunday_one_offset()),
        "iso_week_day" => i64::from(at.weekday().to_monday_one_offset()),
        "hour" => at.hour().into(),
        "minute" => at.minute().into(),
        "second" => at.second().into(),
        "microsecond" => i64::from(at.subsec_nanosecond() / 1000),
        _ => return Err(unknown(kind)),
    })
}

/// The beginning of the year, week or hour in which a point in time lies.
fn cut(kind: &str, at: DateTime) -> Result<DateTime> {
    let date = match kind {
        "year" => at.date().first_of_year(),
        "quarter" => {
            let month = at.month() - (at.month() - 1) % 3;
            Date::new(at.year(), month, 1).map_err(|error| refused(error.to_string()))?
        }
        "month" => at.date().first_of_month(),
        "week" => {
            let days = i64::from(at.weekday().to_monday_zero_offset());
            let monday = at.date().checked_sub(days.days());
            monday.map_err(|error| refused(error.to_string()))?
        }
        _ => at.date(),
    };
    let hour = Time::constant(at.hour(), 0, 0, 0);
    let time = match kind {
        "year" | "quarter" | "month" | "week" | "day" => Time::midnight(),
        "hour" => hour,
        "minute" => Time::constant(at.hour(), at.minute(), 0, 0),
        "second" => Time::constant(at.hour(), at.minute(), at.second(), 0),
        _ => return Err(unknown(kind)),
    };
    Ok(date.to_datetime(time))
}

fn unknown(kind: &str) -> rusqlite::Error {
    refused(format!("there is no part {kind:?} of a date or time"))
}

fn microseconds(one: DateTime, other: DateTime) -> i64 {
    let microseconds = one.duration_since(other).as_micros();
    i64::try_from(microseconds).unwrap_or_default()
}

/// What is added, subtracted, multiplied or divided: a number is microseconds, a text a date or a
/// point in time.
fn combined(connector: &str, one: ValueRef<'_>, other: ValueRef<'_>) -> Result<Option<Value>> {
    if let ("*" | "/", Some(one), Some(other)) = (connector, number(one), number(other)) {
        return Ok(Some(Value::Real(match connector {
            "*" => one * other,
            _ => one / other,
        })));
    }
    Ok(match (connector, one, other) {
        ("+", ValueRef::Integer(one), ValueRef::Integer(other)) => {
            one.checked_add(other).map(Value::Integer)
        }
        ("-", ValueRef::Integer(one), ValueRef::Integer(other)) => {
            one.checked_sub(other).map(Value::Integer)
        }
        ("+", ValueRef::Text(at), ValueRef::Integer(span))
        | ("+", ValueRef::Integer(span), ValueRef::Text(at)) => moved(at, span),
        ("-", ValueRef::Text(at), ValueRef::Integer(span)) => moved(at, span.saturating_neg()),
        ("-", ValueRef::Text(one), ValueRef::Text(other)) => {
            let read = |bytes| moment(&String::from_utf8_lossy(bytes));
            let moments = read(one).zip(read(other));
            moments.map(|(one, other)| Value::Integer(microseconds(one, other)))
        }
        _ => None,
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what is multiplied or divided becomes a fraction anyway"
)]
fn number(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::Integer(value) => Some(value as f64),
        ValueRef::Real(value) => Some(value),
        _ => None,
    }
}

/// A point in time so many microseconds later. A date stays a date.
fn moved(at: &[u8], span: i64) -> Option<Value> {
    let text = String::from_utf8_lossy(at);
    let moment = moment(&text)?;
    if text.trim().len() <= "2026-02-28".len() {
        let days = span.div_euclid(24 * 60 * 60 * 1_000_000);
        let date = moment.date().checked_add(Span::new().try_days(days).ok()?);
        return Some(Value::Text(date.ok()?.to_string()));
    }
    let later = moment.checked_add(Span::new().try_microseconds(span).ok()?);
    Some(Value::Text(written(later.ok()?)))
}

fn written(at: DateTime) -> String {
    format!("{} {}", at.date(), written_time(at.time()))
}

fn written_time(time: Time) -> String {
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    match time.subsec_nanosecond() / 1000 {
        0 => format!("{hour:02}:{minute:02}:{second:02}"),
        rest => format!("{hour:02}:{minute:02}:{second:02}.{rest:06}"),
    }
}
