//! `wasgi`: serves WebAssembly components as sandboxed web applications.
//!
//! Owns the exit code and the writing of fatal errors; nothing else in the program ends it.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Command};
use crate::failure::{Failure, Failures};
use crate::inherited::Inherited;

mod address;
mod admin;
mod args;
mod build;
mod cache;
mod check;
mod compiler;
mod diagnostics;
mod failure;
mod hosting;
mod inherited;
mod inspect;
mod life;
mod listeners;
mod manifest;
mod new;
mod operate;
mod plan;
mod progress;
mod serve;
mod source;
mod state;
mod systemd;
mod targets;
mod units;
mod upgrade;
mod xdg;

fn main() -> ExitCode {
    // SAFETY: the program begins here: it has one thread, and has opened nothing.
    #[expect(unsafe_code, reason = "what was handed over is owned by nobody yet")]
    let inherited = unsafe { Inherited::take() };
    // clap itself ends the program for `--help`, `--version` and usage errors, with 0 and 2.
    match run(Args::parse().command, inherited) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failures) => {
            // If standard error is closed, the exit code still tells.
            writeln!(io::stderr(), "{failures}").unwrap_or_default();
            failures.exit_code()
        }
    }
}

fn run(command: Command, inherited: Result<Inherited, Failure>) -> Result<(), Failures> {
    match command {
        Command::New(args) => Ok(print(&new::run(&args)?)?),
        Command::Serve(args) => serve::run(&args, inherited?),
        Command::Build(args) => Ok(print(&build::run(&args)?)?),
        Command::Check(args) => {
            let (report, wrong) = check::run(&args);
            print(&report)?;
            wrong.into_result()
        }
        Command::Admin(command) => Ok(print(&admin::run(&command)?)?),
        Command::Inspect(args) => Ok(print(&inspect::run(&args)?)?),
        Command::Compile => wasgi_gateway::compile_stdio().map_err(Failures::from),
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
