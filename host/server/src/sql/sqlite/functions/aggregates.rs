//! Aggregates: deviation, variance, and any value of many.

use rusqlite::functions::{Aggregate, Context};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Result};

use super::PURE;

pub(super) fn register(sqlite: &Connection) -> Result<()> {
    for (name, of) in [
        (
            "stddev_pop",
            Spread {
                root: true,
                whole: true,
            },
        ),
        (
            "stddev_samp",
            Spread {
                root: true,
                whole: false,
            },
        ),
        (
            "var_pop",
            Spread {
                root: false,
                whole: true,
            },
        ),
        (
            "var_samp",
            Spread {
                root: false,
                whole: false,
            },
        ),
    ] {
        sqlite.create_aggregate_function(name, 1, PURE, of)?;
    }
    sqlite.create_aggregate_function("any_value", 1, PURE, AnyValue)
}

/// How far numbers lie apart.
struct Spread {
    /// The deviation, which is the root of the variance.
    root: bool,
    /// The numbers are all that there are, and not a sample of them.
    whole: bool,
}

/// What is known of the numbers so far, by Welford's method.
#[derive(Default)]
struct Numbers {
    count: f64,
    mean: f64,
    /// The sum of the squares of what they are off the mean.
    squares: f64,
}

impl Aggregate<Numbers, Option<f64>> for Spread {
    fn init(&self, _: &mut Context<'_>) -> Result<Numbers> {
        Ok(Numbers::default())
    }

    fn step(&self, context: &mut Context<'_>, numbers: &mut Numbers) -> Result<()> {
        if let Some(number) = context.get::<Option<f64>>(0)? {
            numbers.count += 1.0;
            let off = number - numbers.mean;
            numbers.mean += off / numbers.count;
            numbers.squares += off * (number - numbers.mean);
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, numbers: Option<Numbers>) -> Result<Option<f64>> {
        let numbers = numbers.unwrap_or_default();
        let count = if self.whole {
            numbers.count
        } else {
            numbers.count - 1.0
        };
        if count <= 0.0 {
            return Ok(None);
        }
        let variance = numbers.squares / count;
        Ok(Some(if self.root { variance.sqrt() } else { variance }))
    }
}

/// The first value that is not NULL.
struct AnyValue;

impl Aggregate<Option<Value>, Option<Value>> for AnyValue {
    fn init(&self, _: &mut Context<'_>) -> Result<Option<Value>> {
        Ok(None)
    }

    fn step(&self, context: &mut Context<'_>, found: &mut Option<Value>) -> Result<()> {
        if found.is_none() && context.get_raw(0) != ValueRef::Null {
            *found = Some(context.get(0)?);
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, found: Option<Option<Value>>) -> Result<Option<Value>> {
        Ok(found.flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn numbers_are_summed_up() {
        const OF: &str = "from (select 1 as x union all select 2 union all select null \
                          union all select 6)";
        for (expression, expected) in [
            ("round(var_pop(x), 4)", "4.6667"),
            ("var_samp(x)", "7.0"),
            ("round(stddev_pop(x), 4)", "2.1602"),
            ("round(stddev_samp(x), 4)", "2.6458"),
            ("any_value(x)", "1"),
        ] {
            check(&[(&format!("{expression} {OF}"), expected)]);
        }
        check(&[
            ("var_samp(1)", "null"),
            ("var_pop(null)", "null"),
            ("any_value(null)", "null"),
        ]);
    }
}
