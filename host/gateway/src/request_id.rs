//! The names of requests.

use std::fmt;

/// A request's name: sixteen hexadecimal digits, unique within one run of the host.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId {
    digits: [u8; 16],
}

impl RequestId {
    /// The name made of a number.
    pub fn from_number(number: u64) -> Self {
        let mut digits = [0; 16];
        for (position, digit) in digits.iter_mut().enumerate() {
            let nibble = (number >> (60 - 4 * position)) & 0xf;
            *digit = b"0123456789abcdef"[nibble as usize];
        }
        Self { digits }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits).expect("hexadecimal digits are ASCII")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_number_in_hexadecimal() {
        assert_eq!(RequestId::from_number(0xfe).as_str(), "00000000000000fe");
        assert_eq!(
            RequestId::from_number(u64::MAX).as_str(),
            "ffffffffffffffff"
        );
    }
}
