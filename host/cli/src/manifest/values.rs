//! The manifest's values: each type takes what its key may hold and refuses the rest.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::units::{self, Bytes};

/// A number of bytes, at least `MIN`: `"128MiB"`, or a plain integer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size<const MIN: u64>(pub(super) u64);

/// A duration, at least `MIN` milliseconds: `"5s"`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span<const MIN: u64>(pub(super) Duration);

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count<const MIN: u32, const MAX: u32>(pub(super) u32);

impl<'de, const MIN: u64> Deserialize<'de> for Size<MIN> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

impl<'de, const MIN: u64> Deserialize<'de> for Span<MIN> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Count<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

/// A value that is written as a string, an integer or either.
trait Value: Sized {
    const EXPECTED: &'static str;
    fn from_text(text: &str) -> Result<Self, String>;
    fn from_integer(number: i64) -> Result<Self, String>;
}

impl<const MIN: u64> Size<MIN> {
    fn checked(bytes: u64) -> Result<Self, String> {
        if bytes < MIN {
            let least = Bytes(MIN);
            return Err(format!(
                "expected a size of {least} at least, got {}",
                Bytes(bytes)
            ));
        }
        Ok(Self(bytes))
    }
}

impl<const MIN: u64> Value for Size<MIN> {
    const EXPECTED: &'static str = "a size such as \"128MiB\" or a number of bytes";

    fn from_text(text: &str) -> Result<Self, String> {
        Self::checked(units::parse_size(text)?)
    }

    fn from_integer(number: i64) -> Result<Self, String> {
        let bytes = u64::try_from(number)
            .map_err(|_| format!("expected {}, got {number}", Self::EXPECTED))?;
        Self::checked(bytes)
    }
}

impl<const MIN: u64> Value for Span<MIN> {
    const EXPECTED: &'static str = "a duration such as \"5s\" or \"500ms\"";

    fn from_text(text: &str) -> Result<Self, String> {
        let duration = units::parse_duration(text)?;
        if duration < Duration::from_millis(MIN) {
            return Err(format!(
                "expected a duration of {MIN}ms at least, got {text:?}"
            ));
        }
        Ok(Self(duration))
    }

    fn from_integer(number: i64) -> Result<Self, String> {
        Err(format!("expected {}, got {number}", Self::EXPECTED))
    }
}

impl<const MIN: u32, const MAX: u32> Value for Count<MIN, MAX> {
    const EXPECTED: &'static str = "a whole number";

    fn from_text(text: &str) -> Result<Self, String> {
        Err(format!("expected a whole number, got the text {text:?}"))
    }

    fn from_integer(number: i64) -> Result<Self, String> {
        u32::try_from(number)
            .ok()
            .filter(|number| (MIN..=MAX).contains(number))
            .map(Self)
            .ok_or_else(|| format!("expected a whole number from {MIN} to {MAX}, got {number}"))
    }
}

struct Reader<V>(PhantomData<V>);

impl<V: Value> Visitor<'_> for Reader<V> {
    type Value = V;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(V::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V, E> {
        V::from_text(text).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<V, E> {
        V::from_integer(number).map_err(E::custom)
    }
}
