//! The wasmtime engine: how it compiles, allocates and is ticked.
//!
//! There is one engine a [`Class`] of components, because whether the component model's concurrency
//! is on changes the compiled code, and one a [`Stack`], because a pool's stacks have one size. Must not know any contract or app.

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
    WasmBacktraceDetails,
};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Instances that may be alive at one time, over all apps. Each reserves some 4 GiB of address
/// space, of which a process has 128 TiB.
pub const INSTANCES_MAX: usize = 10_000;

/// Core instances, memories and tables that one component may have. Python components, which link
/// libraries dynamically, have some fifty core instances and one memory.
const CORE_INSTANCES_PER_COMPONENT_MAX: u32 = 128;
const MEMORIES_PER_COMPONENT_MAX: u32 = 4;
const TABLES_PER_COMPONENT_MAX: u32 = 128;

/// Tables that the pool holds for each instance that may be alive.
const TABLES_PER_INSTANCE: usize = 8;

/// Elements that a table may have: the engines of Python and JavaScript need some 10 000.
const TABLE_ELEMENTS_MAX: usize = 100_000;

/// Bytes of a memory and of a table that stay in place when an instance ends. Cleaning them by hand
/// is cheaper than faulting them in again.
const MEMORY_KEEP_RESIDENT: usize = 4 * MIB;
const TABLE_KEEP_RESIDENT: usize = 64 * KIB;

/// Bytes of native stack for the host's frames above a guest's.
const HOST_STACK_BYTES: usize = 1024 * KIB;

/// Bytes of a deep stack that stay in place when a call ends; the rest is given back.
const DEEP_STACK_KEEP_RESIDENT: usize = 64 * KIB;

/// Warm slots that wait for their component to be asked again.
const WARM_SLOTS_MAX: u32 = 1_000;

/// What a component's functions are, and with it what an engine has to do at each call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// All are synchronous: a call is a fiber.
    Synchronous,
    /// Some are asynchronous, or use streams or futures: a call is a task among others.
    Concurrent,
}

/// How deep a guest may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stack {
    /// As deep as compiled programs go. What was touched of it stays in place.
    Shallow,
    /// As deep as interpreters go before they notice by themselves: their guard counts bytes of
    /// the stack in linear memory, and a frame there goes with a larger one here.
    Deep,
}

impl Stack {
    /// Bytes of native stack for a guest's frames.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Shallow => MIB,
            Self::Deep => 32 * MIB,
        }
    }
}

/// Whether the backtraces of guests have source lines.
///
/// wasmtime parses a component's debug information anew for each frame of each backtrace, in the
/// host and beyond the reach of every limit. A few hundred KiB can be made so that this takes all
/// of a machine's memory: each of many units names the same list of many address ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DebugInfo {
    /// They have the names of functions alone.
    Ignored,
    /// They have source lines if a component has debug information. For components that are
    /// trusted.
    Used,
}

/// What code is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) class: Class,
    pub(crate) debug_info: DebugInfo,
}

/// Makes an engine with stacks of this depth and room for so many instances at one time.
pub(crate) fn engine(target: Target, stack: Stack, instances: usize) -> wasmtime::Result<Engine> {
    let mut pool = pool(instances);
    let mut config = config(target);
    config
        .max_wasm_stack(stack.bytes())
        .async_stack_size(stack.bytes() + HOST_STACK_BYTES);
    if stack == Stack::Deep {
        // Else one deep recursion a stack would be kept as long as the host runs.
        config.async_stack_zeroing(true);
        pool.async_stack_keep_resident(DEEP_STACK_KEEP_RESIDENT);
    }
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

/// Instances that a new engine may have room for, beside engines with room for `others`, until the
/// process has as many memory mappings as this machine lets it have.
pub(crate) fn room(others: usize) -> usize {
    let most = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok();
    let Some(most) = most.and_then(|most| most.trim().parse::<usize>().ok()) else {
        return INSTANCES_MAX;
    };
    let all = most.saturating_sub(MAPPINGS_OF_HOST) / MAPPINGS_PER_INSTANCE;
    all.saturating_sub(others)
}

/// Mappings of an instance that is alive: two of its stack and four of each memory, of which some
/// instances have a second one.
const MAPPINGS_PER_INSTANCE: usize = 7;

/// Mappings of all else: code, libraries, threads, the allocator.
const MAPPINGS_OF_HOST: usize = 2_000;

/// Makes an engine that only compiles, and reserves nothing.
pub(crate) fn compiling(target: Target) -> wasmtime::Result<Engine> {
    Engine::new(&config(target))
}

/// All that code depends on, and what all engines have in common.
fn config(target: Target) -> Config {
    let mut config = Config::new();
    config
        .concurrency_support(target.class == Class::Concurrent)
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
        .wasm_backtrace_details(match target.debug_info {
            DebugInfo::Ignored => WasmBacktraceDetails::Disable,
            DebugInfo::Used => WasmBacktraceDetails::Enable,
        })
        // Backtraces of guests need none; registering it makes loading and dropping code slow.
        .native_unwind_info(false);
    // What no toolchain emits stays off: each feature is more to attack. Several memories stay on,
    // because the code that wasmtime puts between composed components uses them.
    config.wasm_memory64(false);
    config
}

fn pool(instances: usize) -> PoolingAllocationConfig {
    let instances = instances.clamp(1, INSTANCES_MAX);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(count(instances))
        .total_stacks(count(instances))
        // A few components have a second memory; the rest of the room is for them.
        .total_memories(count(instances + instances / 4 + 1))
        .total_tables(count(instances * TABLES_PER_INSTANCE))
        // Only counted, not reserved.
        .total_core_instances(count(instances).saturating_mul(CORE_INSTANCES_PER_COMPONENT_MAX))
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT_MAX)
        .max_memories_per_component(MEMORIES_PER_COMPONENT_MAX)
        .max_tables_per_component(TABLES_PER_COMPONENT_MAX)
        .max_component_instance_size(4 * MIB)
        .table_elements(TABLE_ELEMENTS_MAX)
        .linear_memory_keep_resident(MEMORY_KEEP_RESIDENT)
        .table_keep_resident(TABLE_KEEP_RESIDENT)
        .max_unused_warm_slots(WARM_SLOTS_MAX.min(count(instances)))
        .pagemap_scan(if swap_is_off() {
            Enabled::Auto
        } else {
            Enabled::No
        });
    pool
}

/// Whether this machine has no swap. With swap, the scan for dirty pages misses those that were
/// swapped out, and what one guest wrote could be read by the next.
fn swap_is_off() -> bool {
    std::fs::read_to_string("/proc/swaps").is_ok_and(|swaps| swaps.lines().count() <= 1)
}
