//! scrypt (RFC 7914). Owns its parameters and its mixing; the rest is PBKDF2.
//!
//! The mixing is here because that of a library cannot be left before its end.

use super::bindings::wasgi::crypto::kdf::Hash;
use super::pace::{Pace, Stopped};
use super::pbkdf2;

/// The parameters, by the names that they have everywhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    pub(super) n: u64,
    pub(super) r: u32,
    pub(super) p: u32,
}

impl Cost {
    /// Refuses what scrypt does not have.
    pub(super) fn check(&self) -> Result<(), String> {
        let Self { n, r, p } = *self;
        if n < 2 || !n.is_power_of_two() || u64::from(n.ilog2()) >= 16 * u64::from(r.max(1)) {
            return Err(format!(
                "expected n to be a power of two above 1 and below 2 ^ (16 * r), got {n}"
            ));
        }
        if r == 0 || p == 0 || u64::from(r) * u64::from(p) >= 1 << 30 {
            return Err(format!(
                "expected r and p to be 1 at least and r * p to be below 2 ^ 30, got {r} and {p}"
            ));
        }
        Ok(())
    }

    /// Bytes of all that is held: `n` blocks, `p` blocks, and two to work with.
    pub(super) fn memory(&self) -> u64 {
        let blocks = self.n.saturating_add(u64::from(self.p)).saturating_add(2);
        blocks.saturating_mul(128 * u64::from(self.r))
    }

    /// About the hashes and salsas that it takes.
    pub(super) fn steps(&self) -> u64 {
        let salsas = self.n.saturating_mul(4 * u64::from(self.r));
        salsas.saturating_mul(u64::from(self.p))
    }
}

/// 64 bytes, as salsa sees them.
type Words = [u32; 16];

/// Fills `key`. The parameters were checked, and the memory for them was found.
pub(super) async fn derive(
    password: &[u8],
    salt: &[u8],
    cost: &Cost,
    key: &mut [u8],
    pace: &mut Pace,
) -> Result<(), Stopped> {
    let fits = "what does not fit was refused for its memory";
    let [n, r, p] = [cost.n, cost.r.into(), cost.p.into()].map(|x| usize::try_from(x).expect(fits));
    let mut bytes = vec![0; p * 128 * r];
    pbkdf2::derive(Hash::Sha256, password, salt, 1, &mut bytes, pace).await?;
    let mut table = vec![[0; 16]; n * 2 * r];
    let [mut block, mut other] = [vec![[0; 16]; 2 * r], vec![[0; 16]; 2 * r]];
    for bytes in bytes.chunks_mut(128 * r) {
        read(bytes, &mut block);
        mix(&mut block, &mut other, &mut table, pace).await?;
        write(&block, bytes);
    }
    pbkdf2::derive(Hash::Sha256, password, &bytes, 1, key, pace).await
}

/// scryptROMix (section 5): `table` has room for as many blocks as there are to be.
async fn mix(
    block: &mut [Words],
    other: &mut [Words],
    table: &mut [Words],
    pace: &mut Pace,
) -> Result<(), Stopped> {
    let length = block.len();
    let mask = table.len() / length - 1;
    for entry in table.chunks_mut(length) {
        entry.copy_from_slice(block);
        mix_block(entry, block);
        if pace.is_due(length as u64) {
            pace.pause().await?;
        }
    }
    for _ in 0..=mask {
        let index = block[length - 1][0] as usize & mask;
        let entry = &table[index * length..(index + 1) * length];
        for (other, (block, entry)) in other.iter_mut().zip(block.iter().zip(entry)) {
            *other = *block;
            xor(other, entry);
        }
        mix_block(other, block);
        if pace.is_due(length as u64) {
            pace.pause().await?;
        }
    }
    Ok(())
}

/// scryptBlockMix (section 4).
fn mix_block(from: &[Words], to: &mut [Words]) {
    let mut x = from[from.len() - 1];
    let (even, odd) = to.split_at_mut(from.len() / 2);
    for ((pair, even), odd) in from.chunks_exact(2).zip(even).zip(odd) {
        for (from, to) in pair.iter().zip([even, odd]) {
            xor(&mut x, from);
            salsa(&mut x);
            *to = x;
        }
    }
}

fn xor(to: &mut Words, from: &Words) {
    for (to, from) in to.iter_mut().zip(from) {
        *to ^= from;
    }
}

/// Salsa20/8 (section 3).
fn salsa(words: &mut Words) {
    let mut x = *words;
    for _ in 0..4 {
        for [a, b, c, d] in QUARTERS {
            x[b] ^= x[a].wrapping_add(x[d]).rotate_left(7);
            x[c] ^= x[b].wrapping_add(x[a]).rotate_left(9);
            x[d] ^= x[c].wrapping_add(x[b]).rotate_left(13);
            x[a] ^= x[d].wrapping_add(x[c]).rotate_left(18);
        }
    }
    for (word, x) in words.iter_mut().zip(x) {
        *word = word.wrapping_add(x);
    }
}

/// The words that each quarter of a double round works on: columns, then rows.
const QUARTERS: [[usize; 4]; 8] = [
    [0, 4, 8, 12],
    [5, 9, 13, 1],
    [10, 14, 2, 6],
    [15, 3, 7, 11],
    [0, 1, 2, 3],
    [5, 6, 7, 4],
    [10, 11, 8, 9],
    [15, 12, 13, 14],
];

fn read(bytes: &[u8], words: &mut [Words]) {
    let (read, _) = bytes.as_chunks::<4>();
    for (word, bytes) in words.as_flattened_mut().iter_mut().zip(read) {
        *word = u32::from_le_bytes(*bytes);
    }
}

fn write(words: &[Words], bytes: &mut [u8]) {
    let (write, _) = bytes.as_chunks_mut::<4>();
    for (bytes, word) in write.iter_mut().zip(words.as_flattened()) {
        *bytes = word.to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn salsa_is_that_of_section_8() {
        let hex = |text: &str| -> Vec<u8> {
            let digits: Vec<_> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
            let byte =
                |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
            digits.chunks(2).map(byte).collect()
        };
        let from = hex(
            "7e879a214f3ec9867ca940e641718f26baee555b8c61c1b50df846116dcd3b1d\
             ee24f319df9b3d8514121e4b5ac5aa3276021d2909c74829edebc68db8b8c25e",
        );
        let expected = hex(
            "a41f859c6608cc993b81cacb020cef05044b2181a2fd337dfd7b1c6396682f29\
             b4393168e3c9e6bcfe6bc5b7a06d96bae424cc102c91745c24ad673dc7618f81",
        );
        let mut words = [[0; 16]];
        read(&from, &mut words);
        salsa(&mut words[0]);
        let mut bytes = vec![0; 64];
        write(&words, &mut bytes);
        assert_eq!(bytes, expected);
    }

    #[test]
    fn memory_and_steps_grow_with_all_parameters_and_never_overflow() {
        let cost = |n, r, p| Cost { n, r, p };
        // The default of Werkzeug.
        let default = cost(32_768, 8, 1);
        assert_eq!(default.memory(), (32_768 + 3) * 1024);
        assert_eq!(default.steps(), 32_768 * 32);
        for greatest in [
            cost(1 << 63, u32::MAX, u32::MAX),
            cost(u64::MAX, 1 << 30, 1),
        ] {
            assert_eq!(greatest.memory(), u64::MAX);
            assert_eq!(greatest.steps(), u64::MAX);
        }
    }

    #[test]
    fn what_scrypt_does_not_have_is_refused() {
        for (n, r, p, part) in [
            (0, 1, 1, "power of two"),
            (1, 1, 1, "power of two"),
            (3, 1, 1, "power of two"),
            (1 << 16, 1, 1, "power of two"),
            (2, 0, 1, "r and p"),
            (2, 1, 0, "r and p"),
            (2, 1 << 15, 1 << 15, "r and p"),
        ] {
            let message = Cost { n, r, p }.check().unwrap_err();
            assert!(message.contains(part), "{n} {r} {p}: {message}");
        }
        for (n, r, p) in [(2, 1, 1), (1 << 15, 1, 1), (1 << 16, 2, 1), (1 << 20, 8, 1)] {
            assert_eq!(Cost { n, r, p }.check(), Ok(()));
        }
    }
}
