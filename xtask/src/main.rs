//! The project's own chores, run with `cargo xtask`: set-up, guests, tests, lints, benchmarks.
//!
//! It needs nothing but cargo and Python, and builds in seconds. It must not contain behaviour of the product,
//! nor depend on it: it runs the binaries as a user would.

#![expect(
    clippy::print_stderr,
    reason = "a chore tells the developer what it does"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "nothing here serves requests: it may sleep"
)]

mod apt;
mod bench;
mod bindings;
mod checks;
mod command;
mod debian;
mod guests;
mod languages;
mod python;
mod serve;
mod services;
mod setup;
mod venv;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// The chores of wasgi's workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Make sure that guests can be compiled: install the standard libraries of wasm32-wasip1 and wasm32-wasip2
    Setup,
    /// Set up, then build every guest into `target/guests`
    Guests {
        /// Only renew the committed `examples/hello.wasm`
        #[arg(long)]
        prebuilt: bool,
    },
    /// Generate the bindings that are checked in: those of the SDKs for C and Go
    Bindings,
    /// Set up, build, and serve the examples
    Serve {
        /// Further arguments for `wasgi serve`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Check format, lints and documents
    Lint,
    /// Set up, lint, and run every test
    Test(checks::TestOptions),
    /// Measure, and write down the results
    Bench(bench::Options),
}

fn main() -> ExitCode {
    match run(Args::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<()> {
    let workspace = Workspace::load()?;
    match chore {
        Chore::Bindings => bindings::write(&workspace),
        Chore::Setup => {
            setup::ensure(&workspace)?;
            services::ensure(&workspace)
        }
        Chore::Guests { prebuilt } => {
            if prebuilt {
                guests::renew_prebuilt(&workspace)
            } else {
                guests::build(&workspace, guests::Selection::All)
            }
        }
        Chore::Serve { args } => serve::run(&workspace, &args),
        Chore::Lint => checks::lint(&workspace),
        Chore::Test(options) => checks::test(&workspace, &options),
        Chore::Bench(options) => bench::run(&workspace, &options),
    }
}
