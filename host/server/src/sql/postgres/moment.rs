//! Dates and times, as PostgreSQL sends them: days and microseconds since the year 2000.

use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, ToSpan};

const EPOCH: Date = Date::constant(2000, 1, 1);

/// A date. None: it is beyond the year 9999, or before the year 1.
pub(super) fn date(days: i32) -> Option<String> {
    match days {
        i32::MAX => return Some("infinity".to_owned()),
        i32::MIN => return Some("-infinity".to_owned()),
        _ => {}
    }
    let date = EPOCH.checked_add(Span::new().try_days(days).ok()?).ok()?;
    (date.year() > 0).then(|| date.to_string())
}

/// A point in time, without its offset.
pub(super) fn timestamp(microseconds: i64) -> Option<String> {
    let epoch: DateTime = EPOCH.to_datetime(Time::midnight());
    let at = epoch
        .checked_add(Span::new().try_microseconds(microseconds).ok()?)
        .ok()?;
    (at.year() > 0).then(|| format!("{}T{}", at.date(), written(at.time())))
}

/// Whether this stands for no end or no beginning, and in which words.
pub(super) fn boundless(microseconds: i64) -> Option<String> {
    match microseconds {
        i64::MAX => Some("infinity".to_owned()),
        i64::MIN => Some("-infinity".to_owned()),
        _ => None,
    }
}

/// A time of day. Midnight at the end of a day is `24:00:00`.
pub(super) fn time(microseconds: i64) -> Option<String> {
    if microseconds == DAY {
        return Some("24:00:00".to_owned());
    }
    let time = Time::midnight()
        .checked_add(microseconds.microseconds())
        .ok();
    time.filter(|_| (0..DAY).contains(&microseconds))
        .map(written)
}

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

fn written(time: Time) -> String {
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    match time.subsec_nanosecond() / 1000 {
        0 => format!("{hour:02}:{minute:02}:{second:02}"),
        rest => format!("{hour:02}:{minute:02}:{second:02}.{rest:06}"),
    }
}

/// An offset, from the seconds that its zone is west of Greenwich.
pub(super) fn offset(west: i32) -> String {
    let east = i64::from(west).saturating_neg();
    let (sign, seconds) = (if east < 0 { '-' } else { '+' }, east.abs());
    let text = format!("{sign}{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
    match seconds % 60 {
        0 => text,
        rest => format!("{text}:{rest:02}"),
    }
}

/// A span of time.
pub(super) fn interval(microseconds: i64, days: i32, months: i32) -> String {
    let (years, months) = (months / 12, months % 12);
    let sign = if microseconds < 0 { "-" } else { "" };
    let microseconds = microseconds.unsigned_abs();
    let (seconds, rest) = (microseconds / 1_000_000, microseconds % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("P{years}Y{months}M{days}DT{sign}{hours}H{sign}{minutes}M{sign}{seconds}.{rest:06}S")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written() {
        assert_eq!(date(0).as_deref(), Some("2000-01-01"));
        assert_eq!(date(9_555).as_deref(), Some("2026-02-28"));
        assert_eq!(date(-67_227).as_deref(), Some("1815-12-10"));
        assert_eq!(date(i32::MAX).as_deref(), Some("infinity"));
        assert_eq!(date(i32::MAX - 1), None);
        assert_eq!(date(-800_000), None);
        assert_eq!(timestamp(-1).as_deref(), Some("1999-12-31T23:59:59.999999"));
        assert_eq!(timestamp(i64::MAX - 1), None);
        assert_eq!(time(1_500_000).as_deref(), Some("00:00:01.500000"));
        assert_eq!(time(DAY).as_deref(), Some("24:00:00"));
        assert_eq!(time(-1), None);
        assert_eq!(offset(-5_400), "+01:30");
        assert_eq!(offset(3_600), "-01:00");
        assert_eq!(interval(-1, 2, 14), "P1Y2M2DT-0H-0M-0.000001S");
        assert_eq!(interval(3_661_500_000, -1, 0), "P0Y0M-1DT1H1M1.500000S");
    }
}
