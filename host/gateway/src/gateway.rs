//! The gateway: the engines, what is linked into them, and the way from a file to a component.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tempfile::TempDir;
use wasmtime::component::Linker;
use wasmtime::{Engine, Module};

use crate::cache::Cache;
use crate::compile::obtain;
use crate::contract::Program;
use crate::contract::cgi::Command;
use crate::contract::http02::Http02;
use crate::contract::http03::Http03;
use crate::contract::native::Native;
use crate::engine::{self, Class};
use crate::error::LoadError;
use crate::inspect::{self, Contract, Inspection};
use crate::lane::{Background, Lanes};
use crate::state::State;
use crate::ticker::Ticker;
use crate::wasi;

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
    synchronous: Linked,
    /// Made with the first component that needs it.
    concurrent: OnceLock<Linked>,
    /// Made with the first command.
    devices: OnceLock<Arc<TempDir>>,
    /// What core modules import. They run on the synchronous engine.
    modules: wasmtime::Linker<State>,
    instances: usize,
    lanes: Arc<Lanes>,
    cache: Option<Cache>,
}

/// An engine, and what components of its class import.
struct Linked {
    engine: Engine,
    linker: Linker<State>,
}

/// A component that was compiled and checked, ready to be made an app of.
pub struct Component {
    pub(crate) program: Program,
    pub(crate) engine: Engine,
    pub(crate) lanes: Arc<Lanes>,
    /// The folder that a command finds as `/dev`.
    pub(crate) devices: Option<Arc<TempDir>>,
}

impl Gateway {
    /// Makes a gateway.
    ///
    /// Fails if the machine lacks the address space for so many instances, or if the cache's folder
    /// is not the user's alone.
    pub fn new(options: &GatewayOptions) -> Result<Self, LoadError> {
        let instances = options.instances;
        let synchronous = Linked::new(Class::Synchronous, instances).map_err(unstartable)?;
        let mut modules = wasmtime::Linker::new(&synchronous.engine);
        Command::link(&mut modules).map_err(unstartable)?;
        let ticker = Ticker::start(synchronous.engine.weak()).map_err(unstartable)?;
        let lanes = Arc::new(Lanes {
            ticker: Arc::new(ticker),
            background: Background::default(),
        });
        Ok(Self {
            synchronous,
            concurrent: OnceLock::new(),
            devices: OnceLock::new(),
            modules,
            instances,
            lanes,
            cache: options.cache.as_deref().map(open_cache).transpose()?,
        })
    }

    /// Loads a component, or a core module that is a command, from its file: from the cache, or by
    /// compiling it.
    pub fn load(&self, path: &Path) -> Result<Component, LoadError> {
        let bytes = inspect::read(path)?;
        let inspection = inspect::inspect_bytes(path, &bytes)?;
        let contract = contract(path, &inspection)?;
        let linked = match contract {
            Contract::Http03 => self.concurrent()?,
            _ if inspection.is_concurrent => self.concurrent()?,
            _ => &self.synchronous,
        };
        let program = if contract == Contract::Module {
            let module: Module = obtain(&linked.engine, self.cache.as_ref(), path, &bytes)?;
            Command::module(&self.modules, &module)
                .map(|command| Program::Command(Arc::new(command)))
        } else {
            let component = obtain(&linked.engine, self.cache.as_ref(), path, &bytes)?;
            program(contract, &linked.linker, &component)
        };
        Ok(Component {
            program: program.map_err(|error| unlinkable(path, &inspection, &error))?,
            engine: linked.engine.clone(),
            lanes: Arc::clone(&self.lanes),
            devices: matches!(contract, Contract::Command | Contract::Module)
                .then(|| self.devices())
                .transpose()?,
        })
    }

    fn devices(&self) -> Result<Arc<TempDir>, LoadError> {
        if let Some(folder) = self.devices.get() {
            return Ok(Arc::clone(folder));
        }
        let folder = wasi::devices().map_err(|error| {
            LoadError::new(format!("cannot make a folder for /dev/null: {error}"))
                .with_hint("let TMPDIR name a folder that can be written to")
        })?;
        Ok(Arc::clone(self.devices.get_or_init(|| Arc::new(folder))))
    }

    fn concurrent(&self) -> Result<&Linked, LoadError> {
        if let Some(linked) = self.concurrent.get() {
            return Ok(linked);
        }
        let linked = Linked::new(Class::Concurrent, self.instances).map_err(unstartable)?;
        // Whoever was faster has made the same.
        let linked = self.concurrent.get_or_init(|| linked);
        self.lanes.ticker.add(linked.engine.weak());
        Ok(linked)
    }
}

impl Linked {
    fn new(class: Class, instances: usize) -> wasmtime::Result<Self> {
        let engine = engine::engine(class, instances)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        Http02::link(&mut linker)?;
        Native::link(&mut linker)?;
        if class == Class::Concurrent {
            Http03::link(&mut linker)?;
        }
        Ok(Self { engine, linker })
    }
}

fn program(
    contract: Contract,
    linker: &Linker<State>,
    component: &wasmtime::component::Component,
) -> wasmtime::Result<Program> {
    Ok(match contract {
        Contract::Gateway => Program::Native(Arc::new(Native::new(linker, component)?)),
        Contract::Http02 => Program::Http02(Arc::new(Http02::new(linker, component)?)),
        Contract::Http03 => Program::Http03(Arc::new(Http03::new(linker, component)?)),
        Contract::Command | Contract::Module => {
            Program::Command(Arc::new(Command::component(linker, component)?))
        }
    })
}

fn unstartable(error: impl Display) -> LoadError {
    LoadError::new(format!("cannot start the engine: {error:#}"))
        .with_hint("lower `concurrency` in the `[app.limits]` of the manifest")
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

fn contract(path: &Path, inspection: &Inspection) -> Result<Contract, LoadError> {
    let name = path.display();
    inspection.contract.ok_or_else(|| {
        let exports = match inspection.exports.as_slice() {
            [] => "nothing".to_owned(),
            exports => exports.join(", "),
        };
        let accepted = Contract::ALL.map(Contract::interface).join(", ");
        LoadError::new(format!(
            "cannot serve {name}: it exports {exports}, but one of these was expected: {accepted}"
        ))
        .with_hint("build it for one of these; README.md has a line for each language")
    })
}

fn unlinkable(path: &Path, inspection: &Inspection, error: &wasmtime::Error) -> LoadError {
    let is_known = |name: &str| {
        ["wasi:", "wasi_snapshot_preview1", "wasgi:gateway/"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    let name = path.display();
    match inspection.imports.iter().find(|import| !is_known(import)) {
        Some(import) => LoadError::new(format!(
            "cannot serve {name}: it imports {import}, which is not granted: only wasgi:gateway and \
             WASI are"
        )),
        None => LoadError::new(format!("cannot serve {name}: {error:#}")),
    }
    .with_hint(format!("see what it asks for with: wasgi inspect {name}"))
}
