//! `wasgi:crypto/kdf@0.1`: keys from passwords, derived by the host for its guests.
//!
//! A guest's call becomes a call in the background (see `lane.rs`), which takes turns with all that
//! computes there. Owns what a guest may ask for, and how it pays: with its CPU time, and with
//! memory that an app's calls share. The algorithms are in [`pbkdf2`] and [`scrypt`]; they stop
//! where [`pace`] lets them.

mod pace;
mod pbkdf2;
mod scrypt;

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use self::bindings::wasgi::crypto::kdf::{Error, Hash};
use self::pace::{Pace, Stopped};
use self::scrypt::Cost;
use crate::account::Account;
use crate::lane::{Lanes, Run};
use crate::limits::Limits;
use crate::meter;
use crate::state::State;

/// The types that `wit/crypto` generates, and nothing else.
mod bindings {
    wasmtime::component::bindgen!({ path: "../../wit/crypto", world: "imports" });
}

/// Derives the keys of one app's guests.
pub(crate) struct Kdf {
    lanes: Arc<Lanes>,
    account: Arc<Account>,
    /// KiB of memory that are free for them.
    memory: Arc<Semaphore>,
}

impl Kdf {
    pub(crate) fn new(lanes: &Arc<Lanes>, account: &Arc<Account>, limits: &Limits) -> Self {
        let kib = usize::try_from(limits.kdf_memory / KIB).unwrap_or(usize::MAX);
        Self {
            lanes: Arc::clone(lanes),
            account: Arc::clone(account),
            memory: Arc::new(Semaphore::new(kib.min(Semaphore::MAX_PERMITS))),
        }
    }

    /// Waits for memory that other calls of the app use.
    async fn reserve(&self, bytes: u64) -> OwnedSemaphorePermit {
        let kib = u32::try_from(bytes.div_ceil(KIB)).unwrap_or(u32::MAX);
        // Limit: Limits::kdf_memory
        let reserved = Arc::clone(&self.memory).acquire_many_owned(kib).await;
        reserved.expect("the semaphore is never closed")
    }
}

const KIB: u64 = 1024;

/// Adds what a guest may import.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut kdf = linker.instance("wasgi:crypto/kdf@0.1.0")?;
    kdf.func_wrap_async(
        "pbkdf2-hmac",
        |store, (hash, password, salt, iterations, length)| {
            let key = Key {
                algorithm: Algorithm::Pbkdf2(hash, iterations),
                password,
                salt,
                length,
            };
            Box::new(async move { Ok((derive(store, key).await?,)) })
        },
    )?;
    kdf.func_wrap_async("scrypt", |store, (password, salt, n, r, p, length)| {
        let key = Key {
            algorithm: Algorithm::Scrypt(Cost { n, r, p }),
            password,
            salt,
            length,
        };
        Box::new(async move { Ok((derive(store, key).await?,)) })
    })
}

/// A key that a guest asks for.
struct Key {
    algorithm: Algorithm,
    password: Vec<u8>,
    salt: Vec<u8>,
    length: u32,
}

enum Algorithm {
    Pbkdf2(Hash, u32),
    Scrypt(Cost),
}

/// Derives a key in the background. Dropping the future ends that at its next pause.
async fn derive(
    mut store: StoreContextMut<'_, State>,
    key: Key,
) -> wasmtime::Result<Result<Vec<u8>, Error>> {
    let state = store.data();
    let limits = state.limits();
    let Some(kdf) = state.kdf().cloned() else {
        return Ok(Err(Error::Denied));
    };
    if let Err(error) = key.check(limits) {
        return Ok(Err(error));
    }
    let limit = limits.cpu;
    let memory = kdf.reserve(key.memory()).await;
    let left = meter::charge(&mut store, 0)?;
    let derived = async move {
        let mut pace = Pace::new(key.steps(), left, limit);
        let derived = key.derive(&mut pace).await;
        // The memory is free before another call is let in.
        drop(memory);
        (derived, pace.used())
    };
    let (derived, used) = Run::in_background(&kdf.lanes, &kdf.account, derived).await?;
    // Limit: Limits::cpu
    meter::charge(&mut store, used)?;
    Ok(derived.map_err(|Stopped(estimate)| {
        Error::TooCostly(format!(
            "it would take some {estimate:.0?} of CPU time, of which a request has {limit:?}"
        ))
    }))
}

impl Key {
    fn check(&self, limits: &Limits) -> Result<(), Error> {
        match &self.algorithm {
            Algorithm::Pbkdf2(_, 0) => {
                return Err(invalid("expected an iteration at least, got none"));
            }
            Algorithm::Pbkdf2(..) => {}
            Algorithm::Scrypt(cost) => cost.check().map_err(invalid)?,
        }
        if self.length == 0 {
            return Err(invalid("expected a length of 1 byte at least, got 0"));
        }
        // Limit: Limits::host_call
        if u64::from(self.length) > limits.host_call {
            let (length, most) = (self.length, limits.host_call);
            return Err(Error::TooCostly(format!(
                "expected a key of {most} bytes at most, got {length}"
            )));
        }
        let (memory, most) = (self.memory(), limits.kdf_memory);
        // Limit: Limits::kdf_memory
        if memory > most {
            return Err(Error::TooCostly(format!(
                "it would take {memory} bytes of memory, of which the app has {most}: lower n or r, \
                 or raise `kdf-memory` in the app's limits"
            )));
        }
        Ok(())
    }

    /// Bytes that are needed beside the parameters and the key.
    fn memory(&self) -> u64 {
        match &self.algorithm {
            Algorithm::Pbkdf2(..) => 0,
            Algorithm::Scrypt(cost) => cost.memory(),
        }
    }

    fn steps(&self) -> u64 {
        match &self.algorithm {
            Algorithm::Pbkdf2(hash, iterations) => {
                let size = match hash {
                    Hash::Sha1 => 20,
                    Hash::Sha224 => 28,
                    Hash::Sha256 => 32,
                    Hash::Sha384 => 48,
                    Hash::Sha512 => 64,
                };
                u64::from(self.length.div_ceil(size)) * u64::from(*iterations)
            }
            Algorithm::Scrypt(cost) => cost.steps(),
        }
    }

    async fn derive(&self, pace: &mut Pace) -> Result<Vec<u8>, Stopped> {
        let (password, salt) = (&self.password, &self.salt);
        let mut key = vec![0; usize::try_from(self.length).expect("it is below `host_call`")];
        match &self.algorithm {
            Algorithm::Pbkdf2(hash, iterations) => {
                pbkdf2::derive(*hash, password, salt, *iterations, &mut key, pace).await?;
            }
            Algorithm::Scrypt(cost) => {
                scrypt::derive(password, salt, cost, &mut key, pace).await?;
            }
        }
        Ok(key)
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::Invalid(message.into())
}

#[cfg(test)]
mod tests;
