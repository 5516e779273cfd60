//! The gateway: the engine, what is linked into it, and the way from a file to a component.

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::cache::{self, Cache};
use crate::contract::native::Native;
use crate::engine;
use crate::error::LoadError;
use crate::inspect::{self, Contract, Inspection};
use crate::lane::{Background, Lanes};
use crate::state::State;
use crate::ticker::Ticker;

/// Counts changes of what an entry of the compile cache means.
const CACHE_VERSION: &str = "1";

/// What an operator decides about a gateway.
#[derive(Clone, Debug)]
pub struct GatewayOptions {
    /// The folder of the compile cache. None: compile at every start.
    pub cache: Option<PathBuf>,
    /// Instances that may be alive at one time, summed over all apps.
    pub instances: usize,
}

/// Loads components, and holds what their instances share.
pub struct Gateway {
    engine: Engine,
    lanes: Arc<Lanes>,
    native: Linker<State>,
    cache: Option<Cache>,
}

/// A component that was compiled and checked, ready to be made an app of.
pub struct Component {
    pub(crate) native: Native,
    pub(crate) engine: Engine,
    pub(crate) lanes: Arc<Lanes>,
}

impl Gateway {
    /// Makes a gateway.
    ///
    /// Fails if the machine lacks the address space for so many instances, or if the cache's folder
    /// is not the user's alone.
    pub fn new(options: &GatewayOptions) -> Result<Self, LoadError> {
        let failed = |error: &dyn std::fmt::Display| {
            LoadError::new(format!("cannot start the engine: {error}"))
                .with_hint("lower `concurrency` in the `[app.limits]` of the manifest")
        };
        let engine = engine::synchronous(options.instances)
            .map_err(|error| failed(&format!("{error:#}")))?;
        let ticker = Arc::new(Ticker::start(engine.weak()).map_err(|error| failed(&error))?);
        let mut native = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut native)
            .and_then(|()| Native::link(&mut native))
            .map_err(|error| failed(&error))?;
        let cache = options.cache.as_deref().map(open_cache).transpose()?;
        let lanes = Arc::new(Lanes {
            ticker,
            background: Background::default(),
        });
        Ok(Self {
            engine,
            lanes,
            native,
            cache,
        })
    }

    /// Loads a component from its file: from the cache, or by compiling it.
    pub fn load(&self, path: &Path) -> Result<Component, LoadError> {
        let bytes = inspect::read(path)?;
        let inspection = inspect::inspect_bytes(path, &bytes)?;
        check_contract(path, &inspection)?;
        let component = self.compile(path, &bytes)?;
        let native = Native::new(&self.native, &component)
            .map_err(|error| unlinkable(path, &inspection, &error))?;
        let (engine, lanes) = (self.engine.clone(), Arc::clone(&self.lanes));
        Ok(Component {
            native,
            engine,
            lanes,
        })
    }

    fn compile(
        &self,
        path: &Path,
        bytes: &[u8],
    ) -> Result<wasmtime::component::Component, LoadError> {
        let Some(cache) = &self.cache else {
            return wasmtime::component::Component::from_binary(&self.engine, bytes)
                .map_err(|error| invalid(path, &error));
        };
        let key = self.cache_key(bytes);
        if let Some(found) = cache.find(&key).and_then(|entry| self.deserialize(&entry)) {
            return Ok(found);
        }
        let artifact = self
            .engine
            .precompile_component(bytes)
            .map_err(|error| invalid(path, &error))?;
        match cache.insert(&key, &artifact) {
            Ok(entry) => {
                if let Some(component) = self.deserialize(&entry) {
                    return Ok(component);
                }
            }
            Err(error) => tracing::warn!("cannot write to the compile cache: {error}"),
        }
        self.deserialize_bytes(&artifact)
            .map_err(|error| invalid(path, &error))
    }

    /// The name of a component in the cache: its bytes, and all that its compilation depends on.
    fn cache_key(&self, bytes: &[u8]) -> String {
        let mut engine = Sha256Hasher(Sha256::new());
        CACHE_VERSION.hash(&mut engine);
        env!("CARGO_PKG_VERSION").hash(&mut engine);
        self.engine
            .precompile_compatibility_hash()
            .hash(&mut engine);
        let component = cache::hex(&Sha256::digest(bytes));
        let engine = cache::hex(&engine.0.finalize()[..8]);
        format!("{component}-{engine}")
    }

    #[expect(
        unsafe_code,
        reason = "wasmtime cannot check native code; the cache does, by digest"
    )]
    fn deserialize(&self, entry: &Path) -> Option<wasmtime::component::Component> {
        // SAFETY: the file was written by a gateway of this user into a folder that nobody else can
        // write to, its digest is the one it was written with, and it is never changed in place.
        let component =
            unsafe { wasmtime::component::Component::deserialize_file(&self.engine, entry) };
        component
            .inspect_err(|error| tracing::warn!("cannot load a cache entry: {error:#}"))
            .ok()
    }

    #[expect(
        unsafe_code,
        reason = "wasmtime cannot check native code; this was just compiled"
    )]
    fn deserialize_bytes(
        &self,
        artifact: &[u8],
    ) -> wasmtime::Result<wasmtime::component::Component> {
        // SAFETY: the bytes come from this engine's compiler and were not elsewhere since.
        unsafe { wasmtime::component::Component::deserialize(&self.engine, artifact) }
    }
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

/// Whether a folder can be the compile cache: the user's alone, and made if it was missing.
pub fn check_cache(folder: &Path) -> Result<(), LoadError> {
    open_cache(folder).map(drop)
}

fn open_cache(folder: &Path) -> Result<Cache, LoadError> {
    Cache::open(folder).map_err(|error| {
        LoadError::new(format!(
            "cannot use the compile cache {}: {error}",
            folder.display()
        ))
        .with_hint("name another folder with --cache, or use none with --no-cache")
    })
}

fn check_contract(path: &Path, inspection: &Inspection) -> Result<(), LoadError> {
    let accepted = Contract::Gateway.interface();
    let name = path.display();
    if inspection.contract == Some(Contract::Gateway) {
        return Ok(());
    }
    let exports = match inspection.exports.as_slice() {
        [] => "nothing".to_owned(),
        exports => exports.join(", "),
    };
    Err(LoadError::new(format!(
        "cannot serve {name}: it exports {exports}, but {accepted} was expected"
    ))
    .with_hint("build it for the world wasgi:gateway/application: see wit/README.md"))
}

fn unlinkable(path: &Path, inspection: &Inspection, error: &wasmtime::Error) -> LoadError {
    let is_known = |name: &str| name.starts_with("wasi:") || name.starts_with("wasgi:gateway/");
    let name = path.display();
    match inspection.imports.iter().find(|import| !is_known(import)) {
        Some(import) => LoadError::new(format!(
            "cannot serve {name}: it imports {import}, which is not granted: only wasgi:gateway and \
             WASI 0.2 are"
        )),
        None => LoadError::new(format!("cannot serve {name}: {}", error.root_cause())),
    }
    .with_hint(format!("see what it asks for with: wasgi inspect {name}"))
}

fn invalid(path: &Path, error: &wasmtime::Error) -> LoadError {
    LoadError::new(format!(
        "cannot compile {}: {}",
        path.display(),
        error.root_cause()
    ))
    .with_hint("the file may be damaged, or use a feature of WebAssembly that is not enabled")
}
