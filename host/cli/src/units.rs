//! Sizes and durations as people write them.
//!
//! Owns their grammar. It knows no key and no limit.

use std::fmt;
use std::time::Duration;

const SIZE_UNITS: [(&str, u64); 4] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

/// Units of time in milliseconds. `ms` stands before `s` and `m`, which also end or begin it.
const TIME_UNITS: [(&str, u64); 4] = [("ms", 1), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];

/// The longest duration that is taken. It keeps sums with the clock from overflowing.
const LONGEST: Duration = Duration::from_hours(720);

/// Bytes, shown in the largest unit that is not smaller than one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = SIZE_UNITS.iter().find(|(_, bytes)| self.0 >= *bytes);
        let (name, bytes) = unit.unwrap_or(&("B", 1));
        let (whole, rest) = (self.0 / bytes, self.0 % bytes);
        if rest == 0 {
            write!(f, "{whole}{name}")
        } else {
            write!(
                f,
                "{whole}.{}{name}",
                u128::from(rest) * 10 / u128::from(*bytes)
            )
        }
    }
}

/// Reads a size such as `128MiB`.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    parse(text, &SIZE_UNITS).ok_or_else(|| {
        format!(
            "expected a size such as \"128MiB\", \"64KiB\" or \"1GiB\", or a number of bytes, got {text:?}"
        )
    })
}

/// Reads a duration such as `5s`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let milliseconds = parse(text, &TIME_UNITS).ok_or_else(|| {
        format!("expected a duration such as \"5s\", \"500ms\" or \"2m\", got {text:?}")
    })?;
    let duration = Duration::from_millis(milliseconds);
    if duration > LONGEST {
        return Err(format!("expected a duration of 720h at most, got {text:?}"));
    }
    Ok(duration)
}

fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (digits, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    // `u64::from_str` also takes a leading `+`.
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units() {
        for (text, expected) in [
            ("0B", Some(0)),
            ("12B", Some(12)),
            ("64KiB", Some(65_536)),
            ("128MiB", Some(128 << 20)),
            ("1GiB", Some(1 << 30)),
            ("", None),
            ("12", None),
            ("KiB", None),
            ("+1KiB", None),
            ("-1KiB", None),
            ("1.5GiB", None),
            ("1 GiB", None),
            ("1GB", None),
            ("1gib", None),
            ("99999999999GiB", None),
        ] {
            assert_eq!(parse_size(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn durations_have_units() {
        for (text, expected) in [
            ("0s", Some(0)),
            ("500ms", Some(500)),
            ("5s", Some(5000)),
            ("2m", Some(120_000)),
            ("720h", Some(2_592_000_000)),
            ("721h", None),
            ("5", None),
            ("5 s", None),
            ("1.5s", None),
            ("s", None),
            ("99999999999999999999s", None),
        ] {
            let expected = expected.map(Duration::from_millis);
            assert_eq!(parse_duration(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn bytes_are_shown_in_the_unit_that_fits() {
        for (bytes, expected) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1KiB"),
            (1536, "1.5KiB"),
            (u64::MAX, "17179869183.9GiB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), expected);
        }
    }
}
