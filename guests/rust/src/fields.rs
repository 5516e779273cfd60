//! Header and trailer fields, as the contract has them: names in lower case, values as bytes.
//!
//! Owns the check that a field is one that HTTP allows. What a field means is nobody's business
//! here.

use crate::Field;

/// The value of the first field of this name, in lower case, if it is there and is text.
pub(crate) fn text<'a>(fields: &'a [Field], name: &str) -> Option<&'a str> {
    let (_, value) = fields.iter().find(|(n, _)| n == name)?;
    std::str::from_utf8(value).ok()
}

/// Remove all fields of this name, in any case.
pub(crate) fn remove(fields: &mut Vec<Field>, name: &str) {
    fields.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
}

/// The field as the contract wants it, or the text that says what is wrong with it.
pub(crate) fn field(name: &str, value: &[u8]) -> Result<Field, String> {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(format!(
            "the name of the header field {name:?} is not a token"
        ));
    }
    if value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return Err(format!(
            "the value of the header field `{name}` has a line break or a NUL"
        ));
    }
    Ok((name.to_ascii_lowercase(), value.to_vec()))
}
