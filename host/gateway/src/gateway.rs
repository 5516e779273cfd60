//! The gateway: the way from a file to a component.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use wasmtime::Module;
use wasmtime::component::Linker;

use crate::background::Background;
use crate::binary::Binary;
use crate::cache::Cache;
use crate::compile::{Compiler, Source};
use crate::contract::Program;
use crate::contract::cgi::Command;
use crate::contract::http02::Http02;
use crate::contract::http03::Http03;
use crate::contract::native::Native;
use crate::engine::{Class, DebugInfo, Stack};
use crate::error::LoadError;
use crate::inspect::{self, Contract, Inspection};
use crate::lane::Lanes;
use crate::linked::Engines;
use crate::state::State;
use crate::ticker::Ticker;
use crate::tmp::{Root, Scratch};
use crate::wasi::Devices;

/// What an operator decides about a gateway.
#[derive(Clone, Debug)]
pub struct GatewayOptions {
    /// The folder of the compile cache. None: compile at every start.
    pub cache: Option<PathBuf>,
    /// Where components are compiled that are not in the cache.
    pub compiler: Compiler,
    /// Whether the backtraces of guests have source lines.
    pub debug_info: DebugInfo,
    /// Instances that may be alive at one time, summed over the apps that are loaded first. See
    /// [`Gateway::reserve`].
    pub instances: usize,
}

/// Loads components, and holds what their instances share.
pub struct Gateway {
    engines: Engines,
    source: Source,
    /// Made with the first command.
    devices: OnceLock<Arc<Devices>>,
    scratch: Arc<Scratch>,
    lanes: Arc<Lanes>,
}

/// A component that was compiled and checked, ready to be made an app of.
pub struct Component {
    pub(crate) program: Program,
    pub(crate) engine: wasmtime::Engine,
    pub(crate) lanes: Arc<Lanes>,
    /// The folder that a command finds as `/dev`.
    pub(crate) devices: Option<Arc<Devices>>,
    /// Makes the folder in which instances' folders lie.
    scratch: Arc<Scratch>,
    /// Why its instances cannot have a folder of their own, if they cannot.
    without_tmp: Option<&'static str>,
    /// Why it cannot be granted sockets, if it cannot.
    without_sockets: Option<&'static str>,
    is_middleware: bool,
}

impl Component {
    /// Whether it is a middleware: an app that wraps another one.
    pub fn is_middleware(&self) -> bool {
        self.is_middleware
    }

    /// Checks that it can be granted sockets.
    pub(crate) fn check_sockets(&self, app: &str) -> Result<(), LoadError> {
        self.without_sockets.map_or(Ok(()), |why| {
            Err(
                LoadError::new(format!("cannot grant `tcp://` to {app}: {why}"))
                    .with_hint("leave it out of `allow`, or build it for WASI 0.2"),
            )
        })
    }

    /// Where its instances' folders are to lie that they find as `/tmp`.
    pub(crate) fn tmp(&self, app: &str) -> Result<Arc<Root>, LoadError> {
        if let Some(why) = self.without_tmp {
            return Err(
                LoadError::new(format!("cannot grant `tmp` to {app}: {why}"))
                    .with_hint("grant it a folder with `dir`, or build it for WASI 0.2"),
            );
        }
        self.scratch.root().map_err(|error| {
            LoadError::new(format!(
                "cannot make a folder for the `tmp` of {app}: {error}"
            ))
            .with_hint("let TMPDIR be a folder that can be written to")
        })
    }
}

impl Gateway {
    /// Makes a gateway.
    ///
    /// Fails if the cache's folder is not the user's alone.
    pub fn new(options: &GatewayOptions) -> Result<Self, LoadError> {
        let ticker = Ticker::start()
            .map_err(|error| LoadError::new(format!("cannot start a thread: {error}")))?;
        let ticker = Arc::new(ticker);
        let cache = options.cache.as_deref().map(open_cache).transpose()?;
        Ok(Self {
            engines: Engines::new(options.instances, options.debug_info, Arc::clone(&ticker)),
            source: Source::new(&options.compiler, cache),
            devices: OnceLock::new(),
            scratch: Arc::default(),
            lanes: Arc::new(Lanes {
                ticker,
                background: Background::default(),
            }),
        })
    }

    /// Says how many instances may be alive at one time, summed over all apps that there will be.
    /// What is loaded from now on has room for so many, up to
    /// [`INSTANCES_MAX`](crate::INSTANCES_MAX); what was loaded before keeps the room that it has.
    pub fn reserve(&self, instances: usize) {
        self.engines.reserve(instances);
    }

    /// Makes the engine that most components need, so that the first that is loaded does not wait
    /// for it. Takes some 30 ms with room for a thousand instances.
    pub fn prepare(&self) -> Result<(), LoadError> {
        self.engines
            .newest(Class::Synchronous, Stack::Shallow)
            .map(drop)
    }

    /// Loads a component, or a core module that is a command: from the cache, or by compiling it.
    ///
    /// Blocks for as long as that takes. Fails if the file cannot be served, and, with the first
    /// component of its class, if the machine lacks the address space for so many instances.
    pub fn load(&self, binary: &Binary) -> Result<Component, LoadError> {
        let inspection = inspect::inspect(binary)?;
        let path = binary.path();
        let contract = contract(path, &inspection)?;
        let class = match contract {
            Contract::Http03 => Class::Concurrent,
            _ if inspection.is_concurrent => Class::Concurrent,
            _ => Class::Synchronous,
        };
        let stack = if inspection.is_preinitialised() {
            Stack::Deep
        } else {
            Stack::Shallow
        };
        let linked = self.engines.newest(class, stack)?;
        let (engine, target, source) = (&linked.engine, linked.target, &self.source);
        let program = if contract == Contract::Module {
            let module: Module = source.obtain(engine, target, binary)?;
            Command::module(&linked.modules, &module)
                .map(|command| Program::Command(Arc::new(command)))
        } else {
            let component = source.obtain(engine, target, binary)?;
            program(contract, &linked.components, &component)
        };
        Ok(Component {
            program: program.map_err(|error| unlinkable(path, &error))?,
            engine: engine.clone(),
            lanes: Arc::clone(&self.lanes),
            devices: matches!(contract, Contract::Command | Contract::Module)
                .then(|| self.devices())
                .transpose()?,
            scratch: Arc::clone(&self.scratch),
            without_tmp: without_tmp(contract, &inspection),
            without_sockets: without_sockets(contract, &inspection),
            is_middleware: inspection.is_middleware(),
        })
    }

    fn devices(&self) -> Result<Arc<Devices>, LoadError> {
        if let Some(devices) = self.devices.get() {
            return Ok(Arc::clone(devices));
        }
        let devices = Devices::new(self.source.cache()).map_err(|error| {
            LoadError::new(format!("cannot make a folder for /dev/null: {error}")).with_hint(
                "let the compile cache, or without one TMPDIR, be a folder that can be written to",
            )
        })?;
        Ok(Arc::clone(self.devices.get_or_init(|| Arc::new(devices))))
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

/// Why a component cannot be given a `/tmp`: what it does with files is not all counted.
fn without_tmp(contract: Contract, inspection: &Inspection) -> Option<&'static str> {
    if contract == Contract::Module {
        Some("it is a core module, and only components can have it")
    } else if imports_newer(inspection, "wasi:filesystem/") {
        Some("it imports a newer wasi:filesystem than 0.2, which cannot be held to a quota")
    } else {
        None
    }
}

/// Why a component cannot be granted sockets: those that it has are not all counted.
fn without_sockets(contract: Contract, inspection: &Inspection) -> Option<&'static str> {
    if contract == Contract::Module {
        Some("it is a core module, which has no sockets")
    } else if imports_newer(inspection, "wasi:sockets/") {
        Some("it imports a newer wasi:sockets than 0.2, whose sockets cannot be counted")
    } else {
        None
    }
}

/// Whether it imports another version of a package of WASI than 0.2.
fn imports_newer(inspection: &Inspection, package: &str) -> bool {
    let mut imports = inspection.imports.iter();
    imports.any(|name| name.starts_with(package) && !name.contains("@0.2"))
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
    if inspection.wraps_by_another_contract() {
        let app = Contract::Gateway.interface();
        return Err(LoadError::new(format!(
            "cannot serve {name}: it imports {app} and does not export it, but a middleware does both"
        ))
        .with_hint("build it for the world `middleware` of wasgi:gateway"));
    }
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

fn unlinkable(path: &Path, error: &wasmtime::Error) -> LoadError {
    let name = path.display();
    LoadError::new(format!("cannot serve {name}: {error:#}")).with_hint(format!(
        "wasgi:gateway, wasgi:crypto and WASI are what it may import; see what it does with: wasgi inspect {name}"
    ))
}
