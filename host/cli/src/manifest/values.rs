//! The manifest's values: each function takes what its type may hold and refuses the rest.

use std::ops::RangeInclusive;
use std::time::Duration;

use clap::ValueEnum;
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::faults::Wrong;
use crate::units::{self, Bytes};

pub(super) fn text(value: &DeValue<'_>) -> Result<String, Wrong> {
    match value {
        // The system's interfaces end a text there.
        DeValue::String(text) if text.contains('\0') => {
            Err("expected a text without NUL characters".into())
        }
        DeValue::String(text) => Ok(text.as_ref().to_owned()),
        other => Err(unexpected("a string", other)),
    }
}

pub(super) fn size(value: &DeValue<'_>, least: u64) -> Result<u64, Wrong> {
    const EXPECTED: &str = "a size such as \"128MiB\" or a number of bytes";
    let bytes = match value {
        DeValue::String(text) => units::parse_size(text)?,
        DeValue::Integer(number) => integer(number)
            .and_then(|number| u64::try_from(number).ok())
            .ok_or_else(|| format!("expected {EXPECTED}, got {number}"))?,
        other => return Err(unexpected(EXPECTED, other)),
    };
    if bytes < least {
        let (least, bytes) = (Bytes(least), Bytes(bytes));
        return Err(format!("expected a size of {least} at least, got {bytes}").into());
    }
    Ok(bytes)
}

pub(super) fn time(value: &DeValue<'_>, least: u64) -> Result<Duration, Wrong> {
    const EXPECTED: &str = "a duration such as \"5s\" or \"500ms\"";
    let (text, duration) = match value {
        DeValue::String(text) => (text, units::parse_duration(text)?),
        DeValue::Integer(number) => {
            return Err(format!("expected {EXPECTED}, got {number}").into());
        }
        other => return Err(unexpected(EXPECTED, other)),
    };
    if duration < Duration::from_millis(least) {
        return Err(format!("expected a duration of {least}ms at least, got {text:?}").into());
    }
    Ok(duration)
}

pub(super) fn count(value: &DeValue<'_>, range: RangeInclusive<u32>) -> Result<u32, Wrong> {
    match value {
        DeValue::Integer(number) => integer(number)
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                let (least, most) = range.into_inner();
                format!("expected a whole number from {least} to {most}, got {number}").into()
            }),
        DeValue::String(text) => {
            Err(format!("expected a whole number, got the text {text:?}").into())
        }
        other => Err(unexpected("a whole number", other)),
    }
}

pub(super) fn one_of(value: &DeValue<'_>, all: &[u16]) -> Result<u16, Wrong> {
    let number = count(value, 0..=u32::MAX)?;
    let found = all.iter().find(|one| u32::from(**one) == number);
    found.copied().ok_or_else(|| {
        let all: Vec<_> = all.iter().map(ToString::to_string).collect();
        format!("expected one of {}, got {number}", all.join(", ")).into()
    })
}

pub(super) fn flag(value: &DeValue<'_>) -> Result<bool, Wrong> {
    match value {
        DeValue::Boolean(flag) => Ok(*flag),
        other => Err(unexpected("`true` or `false`", other)),
    }
}

pub(super) fn choice<T: ValueEnum>(value: &DeValue<'_>) -> Result<T, Wrong> {
    let word = text(value)?;
    T::from_str(&word, false).map_err(|_| {
        let known: Vec<_> = T::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value)
            .collect();
        let known: Vec<_> = known.iter().map(|value| value.get_name()).collect();
        Wrong::unknown("value", &word, &known)
    })
}

pub(super) fn list<'v>(value: &'v DeValue<'v>) -> Result<&'v [Spanned<DeValue<'v>>], Wrong> {
    match value {
        DeValue::Array(items) => Ok(items),
        other => Err(unexpected("a list", other)),
    }
}

pub(super) fn table<'v>(value: &'v DeValue<'v>) -> Result<&'v DeTable<'v>, Wrong> {
    match value {
        DeValue::Table(entries) => Ok(entries),
        other => Err(unexpected("a table", other)),
    }
}

/// A value of another type.
pub(super) fn unexpected(expected: &str, value: &DeValue<'_>) -> Wrong {
    let got = match value {
        DeValue::String(text) => format!("string {text:?}"),
        DeValue::Integer(number) => format!("integer `{number}`"),
        DeValue::Float(number) => format!("floating point `{number}`"),
        DeValue::Boolean(flag) => format!("boolean `{flag}`"),
        DeValue::Datetime(time) => format!("date `{time}`"),
        DeValue::Array(_) => "list".to_owned(),
        DeValue::Table(_) => "table".to_owned(),
    };
    format!("expected {expected}, got the {got}").into()
}

fn integer(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}
