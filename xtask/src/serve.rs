//! `cargo xtask serve`: from a bare machine to the examples in a browser.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::guests::{self, Selection};
use crate::workspace::Workspace;

/// Builds what the examples need and becomes `wasgi serve examples`.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<()> {
    guests::build(workspace, Selection::Examples)?;
    // The guest book's pages: `examples/wasgi.toml` grants it this folder.
    fs::create_dir_all(workspace.root.join("target/guestbook"))?;
    workspace.build_host()?;
    eprintln!("$ wasgi serve examples {}", args.join(" "));
    let mut wasgi = Command::new(workspace.binary("wasgi"));
    let error = wasgi
        .current_dir(&workspace.root)
        .args(["serve", "examples"])
        .args(args)
        .exec();
    Err(error).context("cannot run wasgi")
}
