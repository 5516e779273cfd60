//! Numbers: the functions of mathematics.

use std::hash::{BuildHasher, Hasher, RandomState};

use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result};

use super::scalar;

pub(super) fn register(sqlite: &Connection) -> Result<()> {
    type Unary = fn(f64) -> f64;
    let unary: [(&str, Unary); 24] = [
        ("acos", f64::acos),
        ("acosh", f64::acosh),
        ("asin", f64::asin),
        ("asinh", f64::asinh),
        ("atan", f64::atan),
        ("atanh", f64::atanh),
        ("cos", f64::cos),
        ("cosh", f64::cosh),
        ("cot", |x| 1.0 / x.tan()),
        ("degrees", f64::to_degrees),
        ("exp", f64::exp),
        ("ln", f64::ln),
        ("log", f64::log10),
        ("log10", f64::log10),
        ("log2", f64::log2),
        ("radians", f64::to_radians),
        ("sin", f64::sin),
        ("sinh", f64::sinh),
        ("sqrt", f64::sqrt),
        ("tan", f64::tan),
        ("tanh", f64::tanh),
        ("ceil", f64::ceil),
        ("floor", f64::floor),
        ("trunc", f64::trunc),
    ];
    for (name, function) in unary {
        scalar(sqlite, name, 1, move |context| {
            Ok(number(function(context.get(0)?)))
        })?;
    }
    scalar(sqlite, "ceiling", 1, |context| {
        Ok(number(context.get::<f64>(0)?.ceil()))
    })?;
    type Binary = fn(f64, f64) -> f64;
    let binary: [(&str, Binary); 5] = [
        ("atan2", f64::atan2),
        // The base comes first.
        ("log", |base, x| x.ln() / base.ln()),
        ("mod", |x, y| x % y),
        ("pow", f64::powf),
        ("power", f64::powf),
    ];
    for (name, function) in binary {
        scalar(sqlite, name, 2, move |context| {
            Ok(number(function(context.get(0)?, context.get(1)?)))
        })?;
    }
    scalar(sqlite, "bitxor", 2, |context| {
        Ok(Some(context.get::<i64>(0)? ^ context.get::<i64>(1)?))
    })?;
    scalar(sqlite, "sign", 1, |context| {
        Ok(match context.get_raw(0) {
            ValueRef::Integer(value) => Some(value.signum()),
            ValueRef::Real(0.0) => Some(0),
            ValueRef::Real(value) => Some(if value > 0.0 { 1 } else { -1 }),
            _ => None,
        })
    })?;
    scalar(sqlite, "pi", 0, |_| Ok(Some(std::f64::consts::PI)))?;
    let impure = FunctionFlags::SQLITE_UTF8;
    sqlite.create_scalar_function("rand", 0, impure, |_| Ok(random()))
}

/// What is no number is NULL, as in SQLite's own functions.
fn number(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

/// A number from 0 to less than 1.
fn random() -> f64 {
    // Each of these hashers has keys of its own, drawn at random.
    let bits = RandomState::new().build_hasher().finish() >> 32;
    f64::from(u32::try_from(bits).unwrap_or_default()) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use rusqlite::types::Value;

    use super::super::tests::{check, evaluate};

    #[test]
    fn numbers_are_computed() {
        check(&[
            ("log(2, 8)", "3.0"),
            ("log(100)", "2.0"),
            ("mod(7, 3)", "1.0"),
            ("mod(-7, 3)", "-1.0"),
            ("power(2, 10)", "1024.0"),
            ("ceiling(1.2)", "2.0"),
            ("sign(-3)", "-1"),
            ("sign(0.0)", "0"),
            ("bitxor(5, 3)", "6"),
            ("sqrt(-1)", "null"),
            ("acos(null)", "null"),
            ("round(pi(), 4)", "3.1416"),
            ("round(cot(1), 4)", "0.6421"),
        ]);
        for _ in 0..100 {
            let Value::Real(value) = evaluate("rand()").unwrap() else {
                panic!("expected a number");
            };
            assert!((0.0..1.0).contains(&value));
        }
    }
}
