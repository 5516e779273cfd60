//! What a build does, told as it goes on: on a terminal alone, since the first line that programs
//! read is the server's address.

use std::io::{self, IsTerminal as _, Write as _};

use wasgi_build::Progress;

/// Tells whoever sits before the terminal what is waited for, if anybody does.
pub(crate) fn tell(what: &str) {
    let mut stderr = io::stderr();
    if stderr.is_terminal() {
        // If standard error is closed, nobody is there to be told.
        writeln!(stderr, "{what}").unwrap_or_default();
    }
}

/// Tells each step in a line.
#[derive(Debug, Default)]
pub(crate) struct Steps;

impl Progress for Steps {
    fn step(&mut self, what: &str) {
        if io::stderr().is_terminal() {
            tell(what);
        } else {
            tracing::info!("{what}");
        }
    }

    fn output(&mut self, line: &str) {
        tracing::debug!("{line}");
    }
}
