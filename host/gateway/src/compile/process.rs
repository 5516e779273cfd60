//! The host's side of a process that compiles: started, fed, watched and ended.
//!
//! Nothing that the process does holds the host longer than its time, costs it more memory than the
//! largest artifact, or leaves anything behind. What comes from it is code all the same, which the
//! host will run: this bounds a compiler that goes astray, not one that was taken over.

mod exchange;

use std::io;
use std::num::NonZeroUsize;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use rustix::process::Signal;

use self::exchange::{Bounded, End, Output, exchange};
use super::wire::{Form, Order, Reply};
use super::{CompileLimits, Refusal, printable};
use crate::engine::Target;

/// Bytes of code that one file may become.
const ARTIFACT_BYTES_MAX: usize = 1024 * 1024 * 1024;

/// Bytes that are kept of what a compiler complains of.
const COMPLAINT_BYTES_MAX: usize = 4096;

/// Threads of one compiler. Each takes some 64 MiB of address space for itself.
const THREADS_MAX: usize = 8;

/// Starts the processes.
pub(super) struct Process {
    program: PathBuf,
    args: Vec<String>,
    limits: CompileLimits,
    places: Places,
    /// [`ARTIFACT_BYTES_MAX`], but in tests.
    artifact_bytes_max: usize,
}

impl Process {
    pub(super) fn new(program: PathBuf, args: Vec<String>, limits: CompileLimits) -> Self {
        Self {
            program,
            args,
            limits,
            places: Places::new(limits.processes),
            artifact_bytes_max: ARTIFACT_BYTES_MAX,
        }
    }

    /// Compiles a file for an engine of these settings. Blocks until the process has ended.
    pub(super) fn compile(
        &self,
        target: Target,
        form: Form,
        bytes: &[u8],
        settings: &[u8; 32],
    ) -> Result<Vec<u8>, Refusal> {
        let order = Order {
            target,
            form,
            memory: self.limits.memory,
            cpu: self.limits.cpu.as_secs().max(1),
            length: bytes.len() as u64,
        };
        // Limit: CompileLimits::processes. Whoever has a place gives it back in time.
        let _place = self.places.take();
        let (end, output) = self.run(&order, bytes).map_err(|error| Refusal {
            why: format!(
                "cannot run the compiler {}: {error}",
                self.program.display()
            ),
            hint: "the program must be wasgi itself, and the machine must let it start another process",
        })?;
        let complaint = String::from_utf8_lossy(&output.complaint.bytes);
        match end {
            End::Wall => return Err(self.slow()),
            End::Large => return Err(self.large()),
            End::Exit(status) if !status.success() => return Err(self.failed(status, &complaint)),
            End::Exit(_) => {}
        }
        let mut rest = output.reply.bytes;
        let reply = Reply::read(&mut &rest[..]).map_err(|error| other_build(&error))?;
        rest.drain(..Reply::BYTES);
        if !reply.is_compiled {
            let why = String::from_utf8_lossy(&rest);
            return Err(if is_out_of_memory(&why) {
                self.hungry()
            } else {
                Refusal::invalid(why)
            });
        }
        if reply.settings != *settings {
            return Err(other_build("it compiles for other settings"));
        }
        Ok(rest)
    }

    fn run(&self, order: &Order, bytes: &[u8]) -> io::Result<(End, Output)> {
        let threads = available_parallelism().map_or(1, NonZeroUsize::get);
        let mut child = Running(
            Command::new(&self.program)
                .args(&self.args)
                .env_clear()
                // Limit: THREADS_MAX
                .env("RAYON_NUM_THREADS", threads.min(THREADS_MAX).to_string())
                .current_dir("/")
                .process_group(0)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()?,
        );
        let mut output = Output {
            reply: Bounded::new(Reply::BYTES + self.artifact_bytes_max),
            complaint: Bounded::new(COMPLAINT_BYTES_MAX),
        };
        let end = exchange(&mut child.0, order, bytes, &mut output, self.limits.wall)?;
        Ok((end, output))
    }

    /// The error of a process that ended before its order was carried out.
    fn failed(&self, status: ExitStatus, complaint: &str) -> Refusal {
        if status.signal() == Some(Signal::XCPU.as_raw()) {
            let seconds = self.limits.cpu.as_secs();
            return Refusal {
                why: format!("it took more than {seconds} s of CPU time"),
                hint: "raise `cpu` in the manifest's `[server.compile]`, or build a smaller component",
            };
        }
        if is_out_of_memory(complaint) {
            return self.hungry();
        }
        let how = match status.signal() {
            Some(signal) => format!("signal {signal}"),
            None => format!("exit status {}", status.code().unwrap_or_default()),
        };
        let last = complaint.lines().rfind(|line| !line.trim().is_empty());
        let what = last.map(|line| format!(": {}", printable(line)));
        Refusal {
            why: format!("the compiler failed ({how}){}", what.unwrap_or_default()),
            hint: "the file may be made to harm compilers; if not, raise `memory` in the manifest's \
                   `[server.compile]`",
        }
    }

    fn large(&self) -> Refusal {
        let most = self.artifact_bytes_max;
        Refusal {
            why: format!("it becomes more than {most} bytes of code"),
            hint: "build a smaller component, with debug information apart",
        }
    }

    fn slow(&self) -> Refusal {
        Refusal {
            why: format!("it took more than {:?}", self.limits.wall),
            hint: "raise `wall` in the manifest's `[server.compile]`, or build a smaller component",
        }
    }

    fn hungry(&self) -> Refusal {
        const MIB: u64 = 1024 * 1024;
        Refusal {
            why: format!(
                "it used more than {} MiB of memory",
                self.limits.memory / MIB
            ),
            hint: "raise `memory` in the manifest's `[server.compile]`, or build a smaller component",
        }
    }
}

fn other_build(what: impl std::fmt::Display) -> Refusal {
    Refusal {
        why: format!("the compiler is not of the same build as the host: {what}"),
        hint: "start the host anew if its program was replaced while it ran",
    }
}

/// Whether a compiler says that it wanted more memory than there is: an allocation that failed ends
/// it, and a mapping or a thread that cannot be made is an error.
fn is_out_of_memory(complaint: &str) -> bool {
    [
        "memory allocation of",
        "out of memory",
        "Out of memory",
        "Cannot allocate memory",
        "Resource temporarily unavailable",
    ]
    .iter()
    .any(|words| complaint.contains(words))
}

/// A process that does not outlive its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended, which is what is wanted.
        self.0.kill().unwrap_or_default();
        // After a kill this is over at once; without it the process would stay in the table.
        if let Err(error) = self.0.wait() {
            tracing::warn!("cannot wait for a compiler: {error}");
        }
    }
}

/// The processes that may run at one time.
struct Places {
    free: Mutex<usize>,
    freed: Condvar,
}

/// One of them.
struct Place<'a>(&'a Places);

impl Places {
    fn new(count: NonZeroUsize) -> Self {
        Self {
            free: Mutex::new(count.get()),
            freed: Condvar::new(),
        }
    }

    fn take(&self) -> Place<'_> {
        let free = self.freed.wait_while(self.lock(), |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Place(self)
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.lock() += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests;
