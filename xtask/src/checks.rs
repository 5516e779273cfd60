//! Lints and tests, cheapest first, so that a slip is found before the long builds.

use std::process::Command;

use anyhow::Result;
use clap::{Parser, ValueEnum};

use crate::bench;
use crate::bindings;
use crate::command::run;
use crate::guests::{self, Selection};
use crate::languages;
use crate::python;
use crate::services;
use crate::setup;
use crate::workspace::{GUESTS, Group, Workspace};

/// What is built for this machine, in the order in which mistakes show soonest.
const NATIVE: [&[Group]; 3] = [
    &[Group::Tool],
    &[Group::Sdk, Group::Example],
    &[Group::Host],
];

/// What to test.
#[derive(Parser)]
pub(crate) struct TestOptions {
    /// Run one step only
    #[arg(long, value_enum)]
    only: Option<Step>,
    /// Run only tests with this in their name, and neither lints nor benchmarks
    filter: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Format, lints, documents
    Lint,
    /// Unit and documentation tests of every crate, and of the Python package
    Unit,
    /// The benchmarks' programs, for a second each
    Bench,
    /// The integration suite
    Suite,
}

/// Checks format, lints and documents. Every warning is an error.
pub(crate) fn lint(workspace: &Workspace) -> Result<()> {
    run(&mut workspace.cargo(&["fmt", "--all", "--check"]))?;
    python::lint(workspace)?;
    bindings::check(workspace)?;
    setup::ensure(workspace)?;

    for groups in NATIVE {
        let mut clippy = workspace.cargo(&["clippy", "--release", "--all-targets"]);
        run(deny_warnings(clippy.args(workspace.packages(groups))))?;
    }
    for (target, groups) in GUESTS {
        let mut clippy = workspace.cargo(&["clippy", "--profile=guest", "--target", target]);
        clippy.args(["--lib", "--bins", "--examples"]);
        run(deny_warnings(clippy.args(workspace.packages(groups))))?;
    }

    for groups in NATIVE {
        let mut doc = workspace.cargo(&["doc", "--release", "--no-deps"]);
        doc.arg("--document-private-items")
            .args(workspace.packages(groups));
        run(doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    }
    Ok(())
}

/// Runs everything that must pass before a change lands.
pub(crate) fn test(workspace: &Workspace, options: &TestOptions) -> Result<()> {
    let wants = |step| match options.only {
        Some(only) => only == step,
        None => options.filter.is_empty() || matches!(step, Step::Unit | Step::Suite),
    };
    if wants(Step::Lint) {
        lint(workspace)?;
    }
    if options.only != Some(Step::Lint) {
        guests::build(workspace, Selection::All)?;
    }
    if wants(Step::Unit) {
        unit_tests(workspace, &options.filter)?;
    }
    if wants(Step::Bench) {
        bench::run(workspace, &bench::Options::smoke())?;
    }
    if wants(Step::Suite) {
        services::ensure(workspace)?;
        if options.filter.is_empty() {
            languages::build(workspace)?;
        }
        // Last, so that the last lines that a reader sees are its summary.
        let mut suite = workspace.cargo(&["test", "--release", "-p", "wasgi", "--test", "suite"]);
        run(suite.arg("--").args(&options.filter))?;
    }
    Ok(())
}

/// Every test but the suite.
fn unit_tests(workspace: &Workspace, filter: &[String]) -> Result<()> {
    python::unit_tests(workspace, filter)?;
    let cargo_test = |targets: &[&str], groups: &[Group]| {
        let mut test = workspace.cargo(&["test", "--release"]);
        test.args(targets)
            .args(workspace.packages(groups))
            .arg("--")
            .args(filter);
        run(&mut test)
    };
    // `--lib` fails for packages without one, and `--doc` too.
    cargo_test(&["--bins"], &[Group::Tool])?;
    cargo_test(&["--doc"], &[Group::Sdk])?;
    cargo_test(&["--lib"], &[Group::Sdk, Group::Example])?;
    cargo_test(&["--doc"], &[Group::Host])?;
    cargo_test(&["--lib", "--bins", "--test", "gateway"], &[Group::Host])
}

fn deny_warnings(clippy: &mut Command) -> &mut Command {
    clippy.args(["--", "-D", "warnings"])
}
