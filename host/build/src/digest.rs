//! Digests of what a build depends on.
//!
//! Owns how parts are joined, so that no two lists of parts have the same digest.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// A digest that parts are added to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Digest(Sha256);

impl Digest {
    /// The digest of a list of parts.
    pub(crate) fn of<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>) -> Self {
        let mut digest = Self::default();
        for part in parts {
            digest.add(part);
        }
        digest
    }

    /// Adds a part, with its length before it.
    pub(crate) fn add(&mut self, part: impl AsRef<[u8]>) {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
    }

    /// In hexadecimal digits.
    pub(crate) fn hex(self) -> String {
        hex(&self.0.finalize())
    }

    /// Enough of it to name a folder.
    pub(crate) fn name(self) -> String {
        hex(&self.0.finalize()[..16])
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string takes every write");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_parts_have_another_digest() {
        assert_eq!(Digest::of(["a", "b"]).hex(), Digest::of(["a", "b"]).hex());
        assert_ne!(Digest::of(["a", "b"]).hex(), Digest::of(["ab"]).hex());
        assert_ne!(Digest::of(["a", "b"]).hex(), Digest::of(["", "ab"]).hex());
        assert_eq!(Digest::of(["a"]).name().len(), 32);
    }
}
