//! From the bytes of a component or module to code: from the cache, or by compiling.
//!
//! Owns two of the crate's places with `unsafe`: loading code that was compiled before.

use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use sha2::{Digest, Sha256};
use wasmtime::component::Component;
use wasmtime::{Engine, Module, Result};

use crate::cache::{self, Cache};
use crate::error::LoadError;

/// Counts changes of what an entry of the compile cache means.
const CACHE_VERSION: &str = "1";

/// What wasmtime compiles: components, and modules.
pub(crate) trait Code: Sized {
    /// Compiles for use at once.
    fn compile(engine: &Engine, bytes: &[u8]) -> Result<Self>;

    /// Compiles for the cache.
    fn precompile(engine: &Engine, bytes: &[u8]) -> Result<Vec<u8>>;

    /// Loads an entry of the cache.
    ///
    /// # Safety
    ///
    /// The file was made by [`Code::precompile`] and does not change.
    #[expect(unsafe_code, reason = "wasmtime cannot check native code")]
    unsafe fn deserialize_file(engine: &Engine, path: &Path) -> Result<Self>;

    /// Loads what was compiled for the cache.
    ///
    /// # Safety
    ///
    /// The bytes were made by [`Code::precompile`].
    #[expect(unsafe_code, reason = "wasmtime cannot check native code")]
    unsafe fn deserialize(engine: &Engine, artifact: &[u8]) -> Result<Self>;
}

/// Implements [`Code`] for a type of wasmtime, with the engine's method that compiles it.
macro_rules! code {
    ($type:ident, $precompile:ident) => {
        impl Code for $type {
            fn compile(engine: &Engine, bytes: &[u8]) -> Result<Self> {
                Self::from_binary(engine, bytes)
            }

            fn precompile(engine: &Engine, bytes: &[u8]) -> Result<Vec<u8>> {
                engine.$precompile(bytes)
            }

            #[expect(unsafe_code, reason = "the caller has to know")]
            unsafe fn deserialize_file(engine: &Engine, path: &Path) -> Result<Self> {
                // SAFETY: the caller knows that the file is good.
                unsafe { $type::deserialize_file(engine, path) }
            }

            #[expect(unsafe_code, reason = "the caller has to know")]
            unsafe fn deserialize(engine: &Engine, artifact: &[u8]) -> Result<Self> {
                // SAFETY: the caller knows that the bytes are good.
                unsafe { $type::deserialize(engine, artifact) }
            }
        }
    };
}

code!(Component, precompile_component);
code!(Module, precompile_module);

/// Takes code from the cache, or compiles it and keeps it there.
pub(crate) fn obtain<C: Code>(
    engine: &Engine,
    cache: Option<&Cache>,
    path: &Path,
    bytes: &[u8],
) -> std::result::Result<C, LoadError> {
    let compile = || match cache {
        None => C::compile(engine, bytes),
        Some(cache) => through(engine, cache, bytes),
    };
    // A compiler has room for mistakes, and one file is not to end the host of all others.
    let compiled = catch_unwind(AssertUnwindSafe(compile))
        .unwrap_or_else(|_| Err(wasmtime::format_err!("the compiler failed")));
    compiled.map_err(|error| {
        LoadError::new(format!(
            "cannot compile {}: {}",
            path.display(),
            error.root_cause()
        ))
        .with_hint("the file may be damaged, or use a feature of WebAssembly that is not enabled")
    })
}

fn through<C: Code>(engine: &Engine, cache: &Cache, bytes: &[u8]) -> Result<C> {
    let key = key(engine, bytes);
    if let Some(found) = cache.find(&key).and_then(|entry| map(engine, &entry)) {
        return Ok(found);
    }
    let artifact = C::precompile(engine, bytes)?;
    match cache.insert(&key, &artifact) {
        Ok(entry) => {
            if let Some(code) = map(engine, &entry) {
                return Ok(code);
            }
        }
        Err(error) => tracing::warn!("cannot write to the compile cache: {error}"),
    }
    #[expect(
        unsafe_code,
        reason = "wasmtime cannot check native code; this was just compiled"
    )]
    // SAFETY: the bytes come from this engine's compiler and were not elsewhere since.
    unsafe {
        C::deserialize(engine, &artifact)
    }
}

fn map<C: Code>(engine: &Engine, entry: &Path) -> Option<C> {
    #[expect(
        unsafe_code,
        reason = "wasmtime cannot check native code; the cache does, by digest"
    )]
    // SAFETY: the file was written by a gateway of this user into a folder that nobody else can
    // write to, its digest is the one it was written with, and it is never changed in place.
    let code = unsafe { C::deserialize_file(engine, entry) };
    code.inspect_err(|error| tracing::warn!("cannot load a cache entry: {error:#}"))
        .ok()
}

/// The name of a file's code in the cache: its bytes, and all that its compilation depends on.
fn key(engine: &Engine, bytes: &[u8]) -> String {
    let mut settings = Sha256Hasher(Sha256::new());
    CACHE_VERSION.hash(&mut settings);
    env!("CARGO_PKG_VERSION").hash(&mut settings);
    engine.precompile_compatibility_hash().hash(&mut settings);
    let component = cache::hex(&Sha256::digest(bytes));
    let settings = cache::hex(&settings.0.finalize()[..8]);
    format!("{component}-{settings}")
}

/// A standard hasher whose result is the same on every machine and for every build.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        unreachable!("the digest is read instead")
    }
}
