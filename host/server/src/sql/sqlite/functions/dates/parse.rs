//! From Django's texts to points in time, and from one zone to another.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Zoned};
use rusqlite::Result;
use rusqlite::functions::Context;

use crate::sql::sqlite::functions::{optional, refused};

/// The point in time in the argument `at`, in the zone of the argument after it. None: there is
/// none, or it is not written as one.
pub(super) fn local(context: &Context<'_>, at: usize) -> Result<Option<DateTime>> {
    let Some(text) = optional::<String>(context, at)? else {
        return Ok(None);
    };
    let wanted = optional::<String>(context, at + 1)?;
    let written = optional::<String>(context, at + 2)?;
    let Some(found) = moment(&text) else {
        return Ok(None);
    };
    match (wanted, written) {
        (Some(wanted), Some(written)) if wanted != written => {
            convert(found, &wanted, &written).map(Some)
        }
        _ => Ok(Some(found)),
    }
}

/// From one zone to another, whose name may end in an offset: `Europe/Berlin+01:00`.
fn convert(at: DateTime, wanted: &str, written: &str) -> Result<DateTime> {
    let failed = |error: jiff::Error| refused(error.to_string());
    let (name, offset) = split(wanted);
    let name = if name.is_empty() { written } else { name };
    let at = at.checked_add(offset).map_err(failed)?;
    let zoned: Zoned = at.to_zoned(zone(written)?).map_err(failed)?;
    Ok(zoned.with_time_zone(zone(name)?).datetime())
}

fn zone(name: &str) -> Result<TimeZone> {
    if name == "UTC" {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name).map_err(|error| refused(error.to_string()))
}

/// A zone's name and the offset at its end.
fn split(name: &str) -> (&str, Span) {
    let none = (name, Span::new());
    let Some(sign) = name.rfind(['+', '-']) else {
        return none;
    };
    let Some((hours, minutes)) = name[sign + 1..].split_once(':') else {
        return none;
    };
    let (Ok(hours), Ok(minutes)) = (hours.parse::<i64>(), minutes.parse::<i64>()) else {
        return none;
    };
    let minutes = hours.saturating_mul(60).saturating_add(minutes);
    let minutes = if name[sign..].starts_with('-') {
        -minutes
    } else {
        minutes
    };
    let offset = Span::new().try_minutes(minutes);
    offset.map_or(none, |offset| (&name[..sign], offset))
}

/// A point in time, or the beginning of a date. An offset is left out: all are of one zone.
pub(super) fn moment(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let (date, rest) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
    let date: Date = date.parse().ok()?;
    Some(date.to_datetime(time(rest)?))
}

/// A time of day, likewise without its offset.
pub(super) fn time(text: &str) -> Option<Time> {
    let end = text.find(['+', '-', 'Z']).unwrap_or(text.len());
    let text = &text[..end];
    // Any text can be asked about; jiff reads other forms too.
    if text.matches(':').count() == 0 {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{check, evaluate};

    #[test]
    fn parts_are_extracted_in_a_zone() {
        const AT: &str = "'2026-01-01 23:30:00.5'";
        check(&[
            ("django_date_extract('year', '2026-02-28')", "2026"),
            ("django_date_extract('quarter', '2026-02-28')", "1"),
            ("django_date_extract('iso_year', '2027-01-01')", "2026"),
            ("django_date_extract('week', '2027-01-01')", "53"),
            ("django_date_extract('week_day', '2026-11-22')", "1"),
            ("django_date_extract('iso_week_day', '2026-11-22')", "7"),
            ("django_date_extract('day', 'x')", "null"),
            ("django_date_extract('day', null)", "null"),
            (
                &format!("django_datetime_extract('day', {AT}, 'UTC', 'UTC')"),
                "1",
            ),
            (
                &format!("django_datetime_extract('day', {AT}, 'Europe/Berlin', 'UTC')"),
                "2",
            ),
            (
                &format!("django_datetime_extract('hour', {AT}, 'UTC+02:15', 'UTC')"),
                "1",
            ),
            (
                &format!("django_datetime_extract('hour', {AT}, '-01:00', 'UTC')"),
                "22",
            ),
            (
                &format!("django_datetime_extract('microsecond', {AT}, null, null)"),
                "500000",
            ),
            ("django_time_extract('minute', '10:20:30')", "20"),
        ]);
        assert!(evaluate("django_date_extract('age', '2026-02-28')").is_err());
        assert!(
            evaluate("django_datetime_extract('day', '2026-02-28', 'No/Zone', 'UTC')").is_err()
        );
    }

    #[test]
    fn points_in_time_are_cut() {
        const AT: &str = "'2026-11-18 23:30:40', 'Europe/Berlin', 'UTC'";
        check(&[
            (&format!("django_date_trunc('week', {AT})"), "'2026-11-16'"),
            (
                &format!("django_date_trunc('quarter', {AT})"),
                "'2026-10-01'",
            ),
            (
                &format!("django_datetime_trunc('year', {AT})"),
                "'2026-01-01 00:00:00'",
            ),
            (
                &format!("django_datetime_trunc('minute', {AT})"),
                "'2026-11-19 00:30:00'",
            ),
            (&format!("django_datetime_cast_date({AT})"), "'2026-11-19'"),
            (&format!("django_datetime_cast_time({AT})"), "'00:30:40'"),
            (&format!("django_time_trunc('hour', {AT})"), "'00:00:00'"),
            (
                "django_time_trunc('hour', '10:20:30', null, null)",
                "'10:00:00'",
            ),
            ("django_time_trunc('hour', null, null, null)", "null"),
        ]);
    }

    #[test]
    fn spans_are_added_and_subtracted() {
        check(&[
            (
                "django_format_dtdelta('+', '2026-02-28 23:00:00', 3600000000)",
                "'2026-03-01 00:00:00'",
            ),
            (
                "django_format_dtdelta('-', '2026-03-01 00:00:00', 1)",
                "'2026-02-28 23:59:59.999999'",
            ),
            (
                "django_format_dtdelta('+', '2026-02-28', 86400000000)",
                "'2026-03-01'",
            ),
            ("django_format_dtdelta('+', 2, 3)", "5"),
            ("django_format_dtdelta('*', 2, 1.5)", "3.0"),
            ("django_format_dtdelta('/', 3, 2)", "1.5"),
            ("django_format_dtdelta('+', 'x', 3)", "null"),
            ("django_time_diff('10:00:01', '10:00:00.5')", "500000"),
            (
                "django_timestamp_diff('2026-03-01', '2026-02-28 12:00:00')",
                "43200000000",
            ),
        ]);
    }
}
