//! What names a release: the SHA-256 of its component, and the beginning of it that people type.

use std::fmt::{self, Debug, Display, Formatter};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The SHA-256 of a component, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

/// The beginning of a digest: 4 to 64 hexadecimal digits, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReleaseId(String);

/// Why a text is no digest, or no beginning of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HexError(String);

impl Digest {
    /// The digest of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_hash(Sha256::new_with_prefix(bytes))
    }

    /// The digest of all that a hash was given.
    pub(super) fn from_hash(hash: Sha256) -> Self {
        Self(hash.finalize().into())
    }

    /// The release's name for people: the digest's first 12 digits.
    pub fn release_id(&self) -> ReleaseId {
        let mut digits = self.to_string();
        digits.truncate(ID_DIGITS);
        ReleaseId(digits)
    }
}

/// Digits of a release's name: enough that releases of one app share them only by intent.
const ID_DIGITS: usize = 12;

impl Display for Digest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Debug for Digest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        let refused = || HexError(format!("expected 64 hexadecimal digits, found {text:?}"));
        let mut bytes = [0; 32];
        if text.len() != 2 * bytes.len() {
            return Err(refused());
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let high = char::from(digits[0]).to_digit(16).ok_or_else(refused)?;
            let low = char::from(digits[1]).to_digit(16).ok_or_else(refused)?;
            *byte = u8::try_from(16 * high + low).expect("two hexadecimal digits fit a byte");
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = HexError;

    fn try_from(text: String) -> Result<Self, HexError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl ReleaseId {
    /// Whether the digest begins so.
    pub fn begins(&self, digest: &Digest) -> bool {
        digest.to_string().starts_with(&self.0)
    }
}

impl Display for ReleaseId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ReleaseId {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hexadecimal || !(4..=64).contains(&text.len()) {
            return Err(HexError(format!(
                "expected a release's name or its first digits, 4 to 64 hexadecimal digits such as \
                 \"3fa9c07be214\", found {text:?}"
            )));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl TryFrom<String> for ReleaseId {
    type Error = HexError;

    fn try_from(text: String) -> Result<Self, HexError> {
        text.parse()
    }
}

impl From<ReleaseId> for String {
    fn from(id: ReleaseId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SHA-256 of "abc", from FIPS 180-2.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_digest_is_text_and_back() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string(), ABC);
        assert_eq!(ABC.parse(), Ok(digest));
        assert_eq!(ABC.to_uppercase().parse(), Ok(digest));
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(json, format!("{ABC:?}"));
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
    }

    #[test]
    fn a_text_that_is_no_digest_is_refused() {
        let plus = format!("+{}", &ABC[1..]);
        let euro = format!("€{}", &ABC[3..]);
        for text in ["", "ba78", &ABC[1..], &format!("{ABC}0"), &plus, &euro] {
            assert!(text.parse::<Digest>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_release_id_is_the_beginning_of_a_digest() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.release_id().to_string(), "ba7816bf8f01");
        for (text, begins) in [
            ("ba78", Some(true)),
            ("BA78", Some(true)),
            ("ba7816bf8f01", Some(true)),
            (ABC, Some(true)),
            ("ba79", Some(false)),
            ("", None),
            ("ba7", None),
            ("ba7g", None),
            ("+a78", None),
            ("ba7é", None),
            (&format!("{ABC}0"), None),
        ] {
            let found = text.parse::<ReleaseId>().ok().map(|id| id.begins(&digest));
            assert_eq!(found, begins, "{text:?}");
        }
    }
}
