//! Installing the standard libraries that guests are compiled with.
//!
//! Three ways, cheapest first: they are there; rustup installs them; they are built from Debian's
//! packages, for networks that reach package registries only.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::command;
use crate::debian;
use crate::workspace::{GUESTS, Workspace};

/// Time for rustup to fetch some 40 MB. On a closed network it fails, and may do so slowly.
const RUSTUP_WAIT: Duration = Duration::from_secs(120);

/// The toolchain that compiles guests.
pub(crate) struct Toolchain {
    /// Its folder.
    pub(crate) sysroot: PathBuf,
    /// The compiler's version, such as `1.95.0`.
    pub(crate) version: String,
}

impl Toolchain {
    fn active(workspace: &Workspace) -> Result<Self> {
        let rustc = |argument: &[&str]| {
            command::text(
                Command::new("rustc")
                    .current_dir(&workspace.root)
                    .args(argument),
            )
        };
        let version = rustc(&["--version"])?;
        let version = version
            .split(' ')
            .nth(1)
            .context("`rustc --version` names no version")?;
        Ok(Self {
            sysroot: rustc(&["--print", "sysroot"])?.into(),
            version: version.to_owned(),
        })
    }

    /// The folder of a target's standard library.
    pub(crate) fn target_folder(&self, target: &str) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(target)
    }

    /// The targets of guests that lack their standard library.
    fn missing(&self) -> Vec<&'static str> {
        let targets = GUESTS.iter().map(|(target, _)| *target);
        targets
            .filter(|target| !holds_std(&self.target_folder(target).join("lib")))
            .collect()
    }
}

/// Makes sure that `cargo build --target` works for the targets of guests.
pub(crate) fn ensure(workspace: &Workspace) -> Result<()> {
    let toolchain = Toolchain::active(workspace)?;
    let missing = toolchain.missing();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    eprintln!("there is no standard library for {names}");
    if let Err(rustup) = ask_rustup(workspace, &toolchain, &missing) {
        eprintln!("{rustup:#}");
        eprintln!("building it from Debian's packages instead: a few minutes");
        if let Err(debian) = debian::install(&toolchain, &missing) {
            bail!(
                "cannot install the standard library for {names}\n  rustup: {rustup:#}\n  Debian: {debian:#}\n\
                 run `rustup target add {names}` where the network allows it"
            );
        }
    }
    eprintln!("installed {names} into {}", toolchain.sysroot.display());
    forget_builds(workspace, &missing)
}

/// Removes guests that were built with another standard library of the same version, as a cached
/// target folder holds them: cargo takes them for fresh, and the compiler cannot use them.
fn forget_builds(workspace: &Workspace, targets: &[&str]) -> Result<()> {
    for target in targets {
        let folder = workspace.target.join(target);
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
    }
    Ok(())
}

fn ask_rustup(workspace: &Workspace, toolchain: &Toolchain, targets: &[&str]) -> Result<()> {
    command::run_within(
        Command::new("rustup")
            .current_dir(&workspace.root)
            .args(["target", "add"])
            .args(targets)
            .env("RUSTUP_MAX_RETRIES", "1")
            .env("RUST_BACKTRACE", "0"),
        RUSTUP_WAIT,
    )?;
    let missing = toolchain.missing();
    ensure!(
        missing.is_empty(),
        "rustup takes {} for installed, but it is not",
        missing.join(" ")
    );
    Ok(())
}

fn holds_std(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}
