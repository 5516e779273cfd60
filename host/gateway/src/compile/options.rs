//! Where components are compiled, and what that may cost.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

/// Where components are compiled.
#[derive(Clone, Debug)]
pub enum Compiler {
    /// In this process. For files that are trusted: nothing limits what compiling takes, and a
    /// compiler that fails may end the host.
    InProcess,
    /// In a process of its own for each file, with limits.
    Process {
        /// A program that calls [`compile_stdio`](crate::compile_stdio), of the same build as this
        /// one.
        program: PathBuf,
        /// The program's arguments.
        args: Vec<String>,
        /// What compiling one file may cost.
        limits: CompileLimits,
    },
}

/// What compiling one file may cost. Each limit is one of the process that compiles it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileLimits {
    /// Bytes of address space.
    pub memory: u64,
    /// CPU time, over all threads. It is counted in whole seconds.
    pub cpu: Duration,
    /// Time from the start to the end.
    pub wall: Duration,
    /// Files that are compiled at one time. Others wait.
    pub processes: NonZeroUsize,
}

impl CompileLimits {
    /// Large interpreters take some 1 GiB.
    pub const MEMORY: u64 = 4 * 1024 * 1024 * 1024;

    /// The largest components take a minute or two.
    pub const CPU: Duration = Duration::from_secs(300);

    /// Longer than the CPU time: on a busy machine a compiler waits more than it runs.
    pub const WALL: Duration = Duration::from_secs(600);

    /// The defaults, with half of this machine's CPUs for compiling.
    pub fn of_this_machine() -> Self {
        let half = available_parallelism().map_or(1, NonZeroUsize::get) / 2;
        Self {
            memory: Self::MEMORY,
            cpu: Self::CPU,
            wall: Self::WALL,
            processes: NonZeroUsize::new(half).unwrap_or(NonZeroUsize::MIN),
        }
    }
}
