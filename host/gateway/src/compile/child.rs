//! The process that compiles: it gives up what it does not need, reads one order, and replies.
//!
//! Must not trust the file. It trusts the order, which its host wrote.

use std::fs::File;
use std::io::{self, Error, ErrorKind, Read, Write};
use std::os::fd::AsFd as _;

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, getrlimit, nice, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};
use rustix::thread::set_no_new_privs;
use wasmtime::Module;
use wasmtime::component::Component;

use super::wire::{Form, Order, Reply};
use super::{Code as _, settings};
use crate::engine;
use crate::error::LoadError;

/// What compiling takes from the CPU time of those who serve: nothing that they want.
const NICE: i32 = 10;

/// Files that it may have open: its pipes, and what its libraries look up of the machine.
const FILES_MAX: u64 = 16;

/// Compiles one file for the host that started this process, as
/// [`Compiler::Process`](crate::Compiler::Process) expects of a program: the order comes on
/// standard input, and the reply goes to standard output.
///
/// The process has lower limits ever after, and is to end when this returns.
pub fn compile_stdio() -> Result<(), LoadError> {
    // Without the buffers of the standard library: the file is not read before the limits hold.
    let streams = || {
        let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        serve(input, output)
    };
    streams().map_err(|error: Error| {
        LoadError::new(format!("cannot compile for a host: {error}")).with_hint(
            "this command is for wasgi itself; to see what a file is: wasgi inspect FILE",
        )
    })
}

fn serve(mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    confine()?;
    let order = Order::read(&mut input)?;
    // Not before: whoever calls this by hand is to find the error in a file, too.
    lower(Resource::Fsize, 0)?;
    // Limit: CompileLimits::memory, CompileLimits::cpu
    lower(Resource::As, order.memory)?;
    // The signal of the lower one tells the host why the process ended.
    limit(Resource::Cpu, order.cpu, order.cpu.saturating_add(1))?;
    let mut bytes = Vec::new();
    input.take(order.length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != order.length {
        return Err(Error::new(ErrorKind::UnexpectedEof, "the file is cut off"));
    }
    let engine = engine::compiling(order.target).map_err(Error::other)?;
    let result = match order.form {
        Form::Component => Component::precompile(&engine, &bytes),
        Form::Module => Module::precompile(&engine, &bytes),
    };
    let reply = Reply {
        is_compiled: result.is_ok(),
        settings: settings(&engine),
    };
    let rest = result.unwrap_or_else(|error| error.root_cause().to_string().into_bytes());
    output.write_all(&reply.encode())?;
    output.write_all(&rest)
}

/// Gives up what compiling does not need.
fn confine() -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    set_no_new_privs(true)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    nice(NICE)?;
    lower(Resource::Core, 0)?;
    // Limit: FILES_MAX
    lower(Resource::Nofile, FILES_MAX)
}

fn lower(resource: Resource, most: u64) -> io::Result<()> {
    limit(resource, most, most)
}

/// Sets a limit, but does not raise one that is there.
fn limit(resource: Resource, current: u64, maximum: u64) -> io::Result<()> {
    let old = getrlimit(resource);
    let least = |new: u64, old: Option<u64>| Some(old.map_or(new, |old| old.min(new)));
    let new = Rlimit {
        current: least(current, old.current),
        maximum: least(maximum, old.maximum),
    };
    Ok(setrlimit(resource, new)?)
}
