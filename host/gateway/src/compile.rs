//! From a file to code: from the cache, or by compiling it, in this process or in one of its own.
//!
//! Owns two of the crate's places with `unsafe`: loading code that was compiled before.

mod child;
mod options;
mod process;
mod wire;

use std::fmt::Display;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use sha2::{Digest, Sha256};
use wasmtime::component::Component;
use wasmtime::{Engine, Module, Result};

pub use self::child::compile_stdio;
pub use self::options::{CompileLimits, Compiler};
use self::process::Process;
use self::wire::Form;
use crate::binary::Binary;
use crate::cache::{self, Cache};
use crate::engine::Target;
use crate::error::LoadError;

/// Counts changes of what an entry of the compile cache means.
const CACHE_VERSION: &str = "2";

/// What wasmtime compiles: components, and modules.
pub(crate) trait Code: Sized {
    /// What the file is.
    const FORM: Form;

    /// Compiles.
    fn precompile(engine: &Engine, bytes: &[u8]) -> Result<Vec<u8>>;

    /// Loads an entry of the cache.
    ///
    /// # Safety
    ///
    /// The file was made by [`Code::precompile`] and does not change.
    #[expect(unsafe_code, reason = "wasmtime cannot check native code")]
    unsafe fn deserialize_file(engine: &Engine, path: &Path) -> Result<Self>;

    /// Loads what was compiled.
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
            const FORM: Form = Form::$type;

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

/// Where code comes from.
pub(crate) struct Source {
    cache: Option<Cache>,
    /// None: this process compiles.
    process: Option<Process>,
}

impl Source {
    pub(crate) fn new(compiler: &Compiler, cache: Option<Cache>) -> Self {
        let process = match compiler {
            Compiler::InProcess => None,
            Compiler::Process {
                program,
                args,
                limits,
            } => Some(Process::new(program.clone(), args.clone(), *limits)),
        };
        Self { cache, process }
    }

    /// Takes code from the cache, or compiles it and keeps it there.
    pub(crate) fn obtain<C: Code>(
        &self,
        engine: &Engine,
        target: Target,
        binary: &Binary,
    ) -> std::result::Result<C, LoadError> {
        let settings = settings(engine);
        let key = format!("{}-{}", binary.digest(), cache::hex(&settings[..8]));
        let cached = self.cache.as_ref().and_then(|cache| cache.find(&key));
        if let Some(found) = cached.and_then(|entry| map(engine, &entry)) {
            return Ok(found);
        }
        let compiled = match &self.process {
            Some(process) => process.compile(target, C::FORM, binary.bytes(), &settings),
            None => here::<C>(engine, binary.bytes()),
        };
        let artifact = compiled.map_err(|refusal| refusal.of(binary.path()))?;
        match self
            .cache
            .as_ref()
            .map(|cache| cache.insert(&key, &artifact))
        {
            Some(Ok(entry)) => {
                if let Some(code) = map(engine, &entry) {
                    return Ok(code);
                }
            }
            Some(Err(error)) => tracing::warn!("cannot write to the compile cache: {error}"),
            None => {}
        }
        #[expect(
            unsafe_code,
            reason = "wasmtime cannot check native code; this was just compiled"
        )]
        // SAFETY: the bytes come from this process's compiler, or from that of a program that the
        // operator named, whose settings are this engine's. They were not elsewhere since.
        let code = unsafe { C::deserialize(engine, &artifact) };
        code.map_err(|error| Refusal::invalid(format!("{error:#}")).of(binary.path()))
    }

    /// The folder of the cache.
    pub(crate) fn cache(&self) -> Option<&Path> {
        self.cache.as_ref().map(Cache::folder)
    }
}

/// Why a file was not compiled.
struct Refusal {
    why: String,
    hint: &'static str,
}

impl Refusal {
    /// The compiler refused the file, or failed over it.
    fn invalid(why: impl Display) -> Self {
        Self {
            why: printable(&why.to_string()),
            hint: "the file may be damaged, or use a feature of WebAssembly that is not enabled",
        }
    }

    fn of(self, path: &Path) -> LoadError {
        let Self { why, hint } = self;
        LoadError::new(format!("cannot compile {}: {why}", path.display())).with_hint(hint)
    }
}

/// Bytes of a compiler's words in a message.
const WORDS_BYTES_MAX: usize = 1024;

/// What a compiler says, on one line and without control characters: the file has a say in it.
fn printable(words: &str) -> String {
    let words = words.trim();
    let mut text = if words.contains(char::is_control) {
        words.escape_debug().to_string()
    } else {
        words.to_owned()
    };
    // Limit: WORDS_BYTES_MAX
    text.truncate(text.floor_char_boundary(WORDS_BYTES_MAX));
    text
}

/// Compiles in this process.
fn here<C: Code>(engine: &Engine, bytes: &[u8]) -> std::result::Result<Vec<u8>, Refusal> {
    // A compiler has room for mistakes, and one file is not to end the host of all others.
    let compiled = catch_unwind(AssertUnwindSafe(|| C::precompile(engine, bytes)));
    match compiled {
        Ok(result) => result.map_err(|error| Refusal::invalid(error.root_cause())),
        Err(_) => Err(Refusal::invalid("the compiler failed")),
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

/// The digest of all that a file's code depends on, but the file.
fn settings(engine: &Engine) -> [u8; 32] {
    let mut settings = Sha256Hasher(Sha256::new());
    CACHE_VERSION.hash(&mut settings);
    env!("CARGO_PKG_VERSION").hash(&mut settings);
    engine.precompile_compatibility_hash().hash(&mut settings);
    settings.0.finalize().into()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{self, Class, DebugInfo, Stack};

    #[test]
    fn what_compiles_and_what_runs_have_the_same_settings() {
        let of = |target| settings(&engine::compiling(target).unwrap());
        let mut all = Vec::new();
        for class in [Class::Synchronous, Class::Concurrent] {
            for debug_info in [DebugInfo::Ignored, DebugInfo::Used] {
                let target = Target { class, debug_info };
                for instances in [1, 3] {
                    let runs = engine::engine(target, Stack::Deep, instances).unwrap();
                    assert_eq!(settings(&runs), of(target), "{target:?}");
                }
                assert!(!all.contains(&of(target)), "{target:?} is as another");
                all.push(of(target));
            }
        }
    }
}
