//! The engines, what is linked into them, and how many instances each has room for.
//!
//! An engine's room cannot grow. When apps come that need more of it, a larger engine is made for
//! what is loaded from then on; what was loaded before keeps its own, which goes with the last of
//! them. Must not know any component.

use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::component::Linker;
use wasmtime::{Engine, EngineWeak};

use crate::contract::cgi::Command;
use crate::contract::http02::Http02;
use crate::contract::http03::Http03;
use crate::contract::native::Native;
use crate::crypto;
use crate::engine::{self, Class, DebugInfo, INSTANCES_MAX, Stack, Target};
use crate::error::LoadError;
use crate::sockets;
use crate::sql;
use crate::state::State;
use crate::ticker::Ticker;
use crate::tmp;

/// The engines of a gateway.
pub(crate) struct Engines {
    inner: Mutex<Inner>,
    debug_info: DebugInfo,
    ticker: Arc<Ticker>,
}

struct Inner {
    /// Instances that an engine is to have room for.
    wanted: usize,
    /// What was wanted when there was no room for a larger engine: not to be tried again.
    refused: usize,
    /// The engines for what is loaded next, one of each kind. Each is made with the first that
    /// needs it.
    newest: Vec<Arc<Linked>>,
    /// All that are alive, and the instances that each has room for.
    alive: Vec<(EngineWeak, usize)>,
}

/// An engine, and what those of its class import.
pub(crate) struct Linked {
    pub(crate) engine: Engine,
    pub(crate) target: Target,
    stack: Stack,
    /// What components import.
    pub(crate) components: Linker<State>,
    /// What core modules import.
    pub(crate) modules: wasmtime::Linker<State>,
    /// Instances that it has room for.
    instances: usize,
}

impl Engines {
    pub(crate) fn new(instances: usize, debug_info: DebugInfo, ticker: Arc<Ticker>) -> Self {
        Self {
            inner: Mutex::new(Inner {
                wanted: clamp(instances),
                refused: 0,
                newest: Vec::new(),
                alive: Vec::new(),
            }),
            debug_info,
            ticker,
        }
    }

    /// Has engines that are used from now on be large enough for so many instances.
    pub(crate) fn reserve(&self, instances: usize) {
        let mut inner = self.lock();
        inner.wanted = clamp(instances);
        inner.refused = 0;
    }

    /// The engine for a component that is loaded now.
    pub(crate) fn newest(&self, class: Class, stack: Stack) -> Result<Arc<Linked>, LoadError> {
        let mut inner = self.lock();
        let wanted = inner.wanted;
        let mut newest = inner.newest.iter();
        let Some(old) = newest.find(|linked| linked.is_for(class, stack)).cloned() else {
            let made = self.make(&mut inner, class, stack, wanted);
            return made.map_err(unstartable);
        };
        if old.instances >= wanted || inner.refused >= wanted {
            return Ok(old);
        }
        // Twice as large at least, or each app of many would have an engine of its own.
        let instances = clamp(wanted.max(old.instances * 2));
        let larger = if inner.room() > old.instances {
            self.make(&mut inner, class, stack, instances)
        } else {
            Err(wasmtime::format_err!("{TOO_FEW_MAPPINGS}"))
        };
        larger.or_else(|error| {
            let room = old.instances;
            tracing::warn!(
                "what is loaded now shares the room for {room} instances at one time with others: \
                 cannot make room for {instances}: {error:#}"
            );
            inner.refused = wanted;
            Ok(old)
        })
    }

    fn make(
        &self,
        inner: &mut Inner,
        class: Class,
        stack: Stack,
        wanted: usize,
    ) -> wasmtime::Result<Arc<Linked>> {
        let instances = wanted.min(inner.room()).max(1);
        if instances < wanted {
            tracing::warn!(
                "there is room for {instances} instances at one time, but {wanted} may be wanted: \
                 {TOO_FEW_MAPPINGS}"
            );
        }
        let target = Target {
            class,
            debug_info: self.debug_info,
        };
        let linked = Arc::new(Linked::new(target, stack, instances)?);
        inner.alive.push((linked.engine.weak(), instances));
        inner.newest.retain(|old| !old.is_for(class, stack));
        inner.newest.push(Arc::clone(&linked));
        self.ticker.add(linked.engine.weak());
        Ok(linked)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why there is less room than was asked for, and the way out.
const TOO_FEW_MAPPINGS: &str = "the machine lets a process have too few memory mappings; raise it with: sysctl vm.max_map_count";

impl Inner {
    /// Instances that another engine may have room for.
    fn room(&mut self) -> usize {
        self.alive.retain(|(engine, _)| engine.upgrade().is_some());
        engine::room(self.alive.iter().map(|(_, instances)| instances).sum())
    }
}

impl Linked {
    fn new(target: Target, stack: Stack, instances: usize) -> wasmtime::Result<Self> {
        let engine = engine::engine(target, stack, instances)?;
        let mut components = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut components)?;
        tmp::link(&mut components)?;
        sockets::link(&mut components)?;
        Http02::link(&mut components)?;
        Native::link(&mut components)?;
        crypto::link(&mut components)?;
        sql::link(&mut components)?;
        if target.class == Class::Concurrent {
            Http03::link(&mut components)?;
        }
        let mut modules = wasmtime::Linker::new(&engine);
        Command::link(&mut modules)?;
        Ok(Self {
            engine,
            target,
            stack,
            components,
            modules,
            instances,
        })
    }

    fn is_for(&self, class: Class, stack: Stack) -> bool {
        self.target.class == class && self.stack == stack
    }
}

fn clamp(instances: usize) -> usize {
    // Limit: INSTANCES_MAX
    instances.clamp(1, INSTANCES_MAX)
}

fn unstartable(error: impl Display) -> LoadError {
    LoadError::new(format!("cannot start the engine: {error:#}"))
        .with_hint("lower `concurrency` in the `[app.limits]` of the manifest")
}
