//! Decimal numbers, as PostgreSQL sends them: digits of base 10 000.

/// The text of a number; none if the bytes are none.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let mut words = bytes
        .chunks_exact(2)
        .map(|word| u16::from_be_bytes([word[0], word[1]]));
    let count = usize::from(words.next()?);
    let weight = i32::from(words.next()?.cast_signed());
    let sign = words.next()?;
    let scale = usize::from(words.next()?);
    match sign {
        NAN => return Some("NaN".to_owned()),
        INFINITY => return Some("Infinity".to_owned()),
        MINUS_INFINITY => return Some("-Infinity".to_owned()),
        _ => {}
    }
    let digits: Vec<u16> = words.collect();
    if digits.len() != count || scale > SCALE_MAX {
        return None;
    }
    let digit = |place: i32| {
        let index = usize::try_from(weight - place).ok();
        index
            .and_then(|index| digits.get(index))
            .copied()
            .unwrap_or(0)
    };
    let mut text = String::new();
    for place in (0..=weight.max(0)).rev() {
        text.push_str(&format!("{:04}", digit(place)));
    }
    let whole = text.trim_start_matches('0');
    let mut text = if whole.is_empty() { "0" } else { whole }.to_owned();
    if scale > 0 {
        let mut fraction = String::new();
        let mut place = -1;
        while fraction.len() < scale {
            fraction.push_str(&format!("{:04}", digit(place)));
            place -= 1;
        }
        text.push('.');
        text.push_str(&fraction[..scale]);
    }
    Some(if sign == MINUS {
        format!("-{text}")
    } else {
        text
    })
}

const MINUS: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const MINUS_INFINITY: u16 = 0xF000;

/// Digits after the point that PostgreSQL has at most.
const SCALE_MAX: usize = 16_383;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are() {
        for (words, expected) in [
            (&[1, 0, 0, 0, 12][..], "12"),
            (&[2, 0, 0, 2, 12, 5000], "12.50"),
            (&[2, 1, 0x4000, 0, 1, 2], "-10002"),
            (&[1, 1, 0, 0, 5], "50000"),
            (&[0, 0, 0, 3], "0.000"),
            (&[1, 0xFFFE, 0, 8, 1], "0.00000001"),
            (&[0, 0, 0xC000, 0], "NaN"),
            (&[0, 0, 0xF000, 32], "-Infinity"),
        ] {
            let bytes: Vec<u8> = words
                .iter()
                .flat_map(|word: &u16| word.to_be_bytes())
                .collect();
            assert_eq!(text(&bytes).as_deref(), Some(expected));
        }
        assert_eq!(text(&[0, 2, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(text(&[]), None);
    }
}
