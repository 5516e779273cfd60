//! The process in which components are compiled: this program itself.

use std::path::PathBuf;

use wasgi_gateway::{CompileLimits, Compiler};

/// Compiles with `wasgi compile`.
pub(crate) fn process(limits: CompileLimits) -> Compiler {
    Compiler::Process {
        // Always the program that runs, even after the file it was started from was replaced.
        program: PathBuf::from("/proc/self/exe"),
        args: vec!["compile".to_owned()],
        limits,
    }
}
