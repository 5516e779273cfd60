//! PBKDF2 with HMAC (RFC 8018, section 5.2).
//!
//! The hashes are libraries'; the loop around them is here because theirs cannot be left before its
//! end, and a guest says how long it is.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use super::bindings::wasgi::crypto::kdf::Hash;
use super::pace::{Pace, Stopped};

/// Fills `key`.
pub(super) async fn derive(
    hash: Hash,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    key: &mut [u8],
    pace: &mut Pace,
) -> Result<(), Stopped> {
    match hash {
        Hash::Sha1 => fill::<Hmac<Sha1>>(password, salt, iterations, key, pace).await,
        Hash::Sha224 => fill::<Hmac<Sha224>>(password, salt, iterations, key, pace).await,
        Hash::Sha256 => fill::<Hmac<Sha256>>(password, salt, iterations, key, pace).await,
        Hash::Sha384 => fill::<Hmac<Sha384>>(password, salt, iterations, key, pace).await,
        Hash::Sha512 => fill::<Hmac<Sha512>>(password, salt, iterations, key, pace).await,
    }
}

async fn fill<M: Mac + KeyInit + Clone>(
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    key: &mut [u8],
    pace: &mut Pace,
) -> Result<(), Stopped> {
    let keyed = <M as KeyInit>::new_from_slice(password).expect("HMAC takes keys of any length");
    // Hashed once, or a long salt would make every block a step of any length.
    let salted = keyed.clone().chain_update(salt);
    for (index, block) in (1_u32..).zip(key.chunks_mut(M::output_size())) {
        let first = salted.clone().chain_update(index.to_be_bytes());
        let mut last = first.finalize().into_bytes();
        let mut sum = last.clone();
        for _ in 1..iterations {
            last = keyed.clone().chain_update(&last).finalize().into_bytes();
            for (sum, last) in sum.iter_mut().zip(&last) {
                *sum ^= last;
            }
            if pace.is_due(1) {
                pace.pause().await?;
            }
        }
        block.copy_from_slice(&sum[..block.len()]);
        if pace.is_due(1) {
            pace.pause().await?;
        }
    }
    Ok(())
}
