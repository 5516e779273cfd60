//! The repository's Python: its lints, and the unit tests of the package `wasgi`.
//!
//! The rules are in `ruff.toml` and `guests/python/pyproject.toml`. It must not write into the
//! sources: what the tools keep is below the target folder.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::command::{self, run};
use crate::venv::{self, Venv};
use crate::workspace::Workspace;

/// The tools and what they need, each of one version with its hashes.
const TOOLS: &str = "xtask/python-tools.txt";

/// Checks the rules and the format of all Python, and the types of the package.
pub(crate) fn lint(workspace: &Workspace) -> Result<()> {
    let folder = workspace.target.join("python-tools");
    let tools = Venv::ensure(folder.clone(), &[workspace.root.join(TOOLS)])?;
    let ruff = || {
        let mut ruff = Command::new(tools.programs().join("ruff"));
        ruff.current_dir(&workspace.root)
            .env("RUFF_CACHE_DIR", folder.join("ruff-cache"));
        ruff
    };
    run(ruff().arg("check"))?;
    run(ruff().args(["format", "--check"]))?;
    run(Command::new(tools.programs().join("mypy"))
        .current_dir(package(workspace))
        .env("MYPY_CACHE_DIR", folder.join("mypy-cache")))
}

/// Runs the unit tests of the package: all, or those with one of `names` in their own.
pub(crate) fn unit_tests(workspace: &Workspace, names: &[String]) -> Result<()> {
    let mut tests = venv::python()?;
    tests
        .args(["-m", "unittest"])
        .current_dir(package(workspace))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    for name in names {
        tests.args(["-k", name]);
    }
    let status = command::status(&mut tests)?;
    let is_none_named = !names.is_empty() && status.code() == Some(NO_TESTS);
    ensure!(
        status.success() || is_none_named,
        "the unit tests of guests/python failed: {status}"
    );
    Ok(())
}

/// How unittest ends if it finds no test, since Python 3.12.
const NO_TESTS: i32 = 5;

fn package(workspace: &Workspace) -> PathBuf {
    workspace.root.join("guests/python")
}
