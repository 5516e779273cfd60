//! The bindings of the contract that are checked in: those of the SDK for C.
//!
//! What they are compiled with needs no generator then; that they are those of the contract is
//! checked with the lints.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;

use crate::workspace::Workspace;

/// Generates the bindings anew.
pub(crate) fn write(workspace: &Workspace) -> Result<()> {
    for (path, text) in generate(workspace)? {
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("{}", path.display());
    }
    Ok(())
}

/// Checks that the bindings are those of the contract.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    for (path, text) in generate(workspace)? {
        let is_same = fs::read(&path).is_ok_and(|there| there == text);
        ensure!(
            is_same,
            "{} is not what the contract has: run `cargo xtask bindings`",
            path.display()
        );
    }
    Ok(())
}

/// Each file with what belongs in it.
fn generate(workspace: &Workspace) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(workspace.root.join("wit"))?;
    let world = resolve.select_world(&[package], Some("application"))?;
    let options = wit_bindgen_c::Opts {
        // `wasgi build` knows the types of the contract.
        no_object_file: true,
        ..wit_bindgen_c::Opts::default()
    };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files)?;
    let folder = workspace.root.join("guests/c/src");
    let place = |name: &str| match name {
        // It is included by `bindings.c`, and not compiled by itself.
        "application.c" => folder.join("application.inc"),
        name => folder.join(name),
    };
    let written = files
        .iter()
        .map(|(name, text)| (place(name), text.to_vec()));
    Ok(written.collect())
}
