//! The bindings of the contract that are checked in: those of the SDKs for C and Go.
//!
//! What they are compiled with needs no generator then; that they are those of the contract is
//! checked with the lints.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator};

use crate::workspace::Workspace;

/// Generates the bindings anew.
pub(crate) fn write(workspace: &Workspace) -> Result<()> {
    for (path, text) in generate(workspace)? {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
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
    let mut files = c(workspace)?;
    files.extend(go(workspace)?);
    Ok(files)
}

fn c(workspace: &Workspace) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let options = wit_bindgen_c::Opts {
        // `wasgi build` knows the types of the contract.
        no_object_file: true,
        ..wit_bindgen_c::Opts::default()
    };
    let files = of_applications(workspace, options.build())?;
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

/// The package that the bindings of Go are in, which has what they are written with too.
const GO: &str = "wasgi/internal/wit";

fn go(workspace: &Workspace) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let options = wit_bindgen_go::Opts {
        // It would take the `gofmt` of this machine, if there is one.
        format: wit_bindgen_go::Format::False,
        pkg_name: Some(GO.to_owned()),
        quiet: true,
        ..wit_bindgen_go::Opts::default()
    };
    let files = of_applications(workspace, options.build())?;
    let folder = workspace.root.join("guests/go/internal/wit");
    let written = files.iter().map(|(name, text)| {
        let text = String::from_utf8_lossy(text);
        // The SDK has its own of these, so that nobody needs a module from elsewhere.
        let text = text.replace("go.bytecodealliance.org/pkg/wit/", &format!("{GO}/"));
        let text = without_cleanup(&text);
        (folder.join(Path::new(name)), text.into_bytes())
    });
    Ok(written.collect())
}

/// The SDK gives every resource back itself, and a finalizer for each costs every request.
fn without_cleanup(text: &str) -> String {
    const END: &str = "}, 0)\n";
    let Some((before, rest)) = text.split_once("        runtime.AddCleanup(value") else {
        return text.to_owned();
    };
    let (_, after) = rest.split_once(END).unwrap_or((rest, ""));
    format!("{before}{after}")
}

/// What a generator makes of the world of applications.
fn of_applications(workspace: &Workspace, mut to: Box<dyn WorldGenerator>) -> Result<Files> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(workspace.root.join("wit"))?;
    let world = resolve.select_world(&[package], Some("application"))?;
    let mut files = Files::default();
    to.generate(&mut resolve, world, &mut files)?;
    Ok(files)
}
