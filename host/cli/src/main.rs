//! `wasgi`: serves WebAssembly components as sandboxed web applications.
//!
//! Owns the exit code and the writing of fatal errors; nothing else in the program ends it.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Command};
use crate::failure::Failure;

mod address;
mod args;
mod cache;
mod diagnostics;
mod failure;
mod inspect;
mod manifest;
mod mount;
mod plan;
mod serve;
mod targets;
mod units;

fn main() -> ExitCode {
    // clap itself ends the program for `--help`, `--version` and usage errors, with 0 and 2.
    let result = match Args::parse().command {
        Command::Serve(args) => serve::run(&args),
        Command::Inspect(args) => inspect::run(&args).and_then(|report| print(&report)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // If standard error is closed, the exit code still tells.
            writeln!(io::stderr(), "{failure}").unwrap_or_default();
            failure.exit_code()
        }
    }
}

fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever reads, such as `head`, has enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::run_time(format!(
            "cannot write to standard output: {}",
            failure::reason(&error)
        ))),
        Ok(()) => Ok(()),
    }
}
