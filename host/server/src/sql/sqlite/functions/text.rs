//! Texts: padding, repeating, digests, regular expressions.

use md5::Md5;
use regex::{Regex, RegexBuilder};
use rusqlite::functions::Context;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::{refused, scalar};

/// Characters of what a function makes.
const CHARS_MAX: usize = 4 * 1024 * 1024;

/// Bytes of a compiled regular expression.
const REGEX_BYTES_MAX: usize = 1024 * 1024;

pub(super) fn register(sqlite: &Connection) -> Result<()> {
    scalar(sqlite, "lpad", 3, |context| {
        let (text, length, fill) = padding(context)?;
        let short = length.saturating_sub(text.chars().count());
        let filled = fill.chars().cycle().take(short);
        Ok(Some(
            filled.chain(text.chars()).take(length).collect::<String>(),
        ))
    })?;
    scalar(sqlite, "rpad", 3, |context| {
        let (text, length, fill) = padding(context)?;
        let padded = text.chars().chain(fill.chars().cycle());
        Ok(Some(padded.take(length).collect::<String>()))
    })?;
    scalar(sqlite, "repeat", 2, |context| {
        let text: String = context.get(0)?;
        let count = length(context, 1)?;
        if text.len().saturating_mul(count) > CHARS_MAX {
            return Err(refused(format!("expected {CHARS_MAX} characters at most")));
        }
        Ok(Some(text.repeat(count)))
    })?;
    scalar(sqlite, "reverse", 1, |context| {
        let text: String = context.get(0)?;
        Ok(Some(text.chars().rev().collect::<String>()))
    })?;
    digest::<Md5>(sqlite, "md5")?;
    digest::<Sha1>(sqlite, "sha1")?;
    digest::<Sha224>(sqlite, "sha224")?;
    digest::<Sha256>(sqlite, "sha256")?;
    digest::<Sha384>(sqlite, "sha384")?;
    digest::<Sha512>(sqlite, "sha512")?;
    scalar(sqlite, "regexp", 2, |context| {
        let regex = context.get_or_create_aux(0, compile)?;
        Ok(Some(match context.get_raw(1) {
            ValueRef::Integer(value) => regex.is_match(&value.to_string()),
            ValueRef::Real(value) => regex.is_match(&format!("{value:?}")),
            value => {
                let bytes = value
                    .as_bytes()
                    .map_err(|error| refused(error.to_string()))?;
                regex.is_match(&String::from_utf8_lossy(bytes))
            }
        }))
    })
}

fn compile(pattern: ValueRef<'_>) -> Result<Regex> {
    let pattern = pattern
        .as_str()
        .map_err(|error| refused(error.to_string()))?;
    // Limit: REGEX_BYTES_MAX
    let built = RegexBuilder::new(pattern)
        .size_limit(REGEX_BYTES_MAX)
        .build();
    built.map_err(|error| {
        refused(format!(
            "the regular expression is not one of the host's, which have no look-around and no \
             back-references: {error}"
        ))
    })
}

/// The text, the length that it is to have, and what fills it up. Without that, only cutting works.
fn padding(context: &Context<'_>) -> Result<(String, usize, String)> {
    let (text, fill): (String, String) = (context.get(0)?, context.get(2)?);
    let length = length(context, 1)?;
    let length = if fill.is_empty() {
        length.min(text.chars().count())
    } else {
        length
    };
    Ok((text, length, fill))
}

fn length(context: &Context<'_>, index: usize) -> Result<usize> {
    let length: i64 = context.get(index)?;
    let length = usize::try_from(length.max(0)).unwrap_or(usize::MAX);
    // Limit: CHARS_MAX
    if length > CHARS_MAX {
        let message = format!("expected a length of {CHARS_MAX} at most, got {length}");
        return Err(refused(message));
    }
    Ok(length)
}

fn digest<D: Digest + 'static>(sqlite: &Connection, name: &str) -> Result<()> {
    scalar(sqlite, name, 1, |context| {
        let value = context.get_raw(0);
        let digest = match value.as_bytes() {
            Ok(bytes) => D::digest(bytes),
            Err(error) => return Err(refused(error.to_string())),
        };
        Ok(Some(
            digest
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>(),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, evaluate};

    #[test]
    fn texts_are_made() {
        check(&[
            ("lpad('é', 3, 'xy')", "'xyé'"),
            ("lpad('abc', 2, 'x')", "'ab'"),
            ("lpad('abc', 5, '')", "'abc'"),
            ("rpad('é', 4, 'xy')", "'éxyx'"),
            ("rpad('abc', 2, 'x')", "'ab'"),
            ("rpad('abc', null, 'x')", "null"),
            ("repeat('ab', 3)", "'ababab'"),
            ("repeat('ab', -1)", "''"),
            ("reverse('aé')", "'éa'"),
            ("md5('')", "'d41d8cd98f00b204e9800998ecf8427e'"),
            ("sha1('')", "'da39a3ee5e6b4b0d3255bfef95601890afd80709'"),
            ("substr(sha256(''), 1, 8)", "'e3b0c442'"),
            ("'Tomé' regexp '(?i)^t.*É$'", "1"),
            ("'abc' regexp 'd'", "0"),
            ("12 regexp '^1'", "1"),
            ("null regexp 'd'", "null"),
        ]);
    }

    #[test]
    fn what_is_too_large_or_no_expression_is_refused() {
        for (expression, why) in [
            ("repeat('ab', 1000000000)", "at most"),
            ("lpad('ab', 1000000000, 'x')", "at most"),
            ("'a' regexp '(?=a)'", "look-around"),
            ("'a' regexp 'a{1000}{1000}{1000}'", "regular expression"),
        ] {
            let error = evaluate(expression).unwrap_err().to_string();
            assert!(error.contains(why), "{expression} gives {error}");
        }
    }
}
