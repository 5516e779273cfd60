//! Installing the standard library that guests are compiled with.
//!
//! Three ways, cheapest first: it is there; rustup installs it; it is built from Debian's
//! packages, for networks that reach package registries only.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::command;
use crate::debian;
use crate::workspace::{GUEST_TARGET, Workspace};

/// Time for rustup to fetch some 20 MB. On a closed network it fails, and may do so slowly.
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
    pub(crate) fn target_folder(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(GUEST_TARGET)
    }

    fn has_target(&self) -> bool {
        holds_std(&self.target_folder().join("lib"))
    }
}

/// Makes sure that `cargo build --target wasm32-wasip2` works.
pub(crate) fn ensure(workspace: &Workspace) -> Result<()> {
    let toolchain = Toolchain::active(workspace)?;
    if toolchain.has_target() {
        return Ok(());
    }
    eprintln!("the standard library of {GUEST_TARGET} is not installed");
    if let Err(rustup) = ask_rustup(workspace, &toolchain) {
        eprintln!("{rustup:#}");
        eprintln!("building it from Debian's packages instead: a few minutes");
        if let Err(debian) = debian::install(&toolchain) {
            bail!(
                "cannot install the standard library of {GUEST_TARGET}\n  rustup: {rustup:#}\n  Debian: {debian:#}\n\
                 run `rustup target add {GUEST_TARGET}` where the network allows it"
            );
        }
    }
    eprintln!(
        "installed {GUEST_TARGET} into {}",
        toolchain.target_folder().display()
    );
    forget_builds(workspace)
}

/// Removes guests that were built with another standard library of the same version, as a cached
/// target folder holds them: cargo takes them for fresh, and the compiler cannot use them.
fn forget_builds(workspace: &Workspace) -> Result<()> {
    let folder = workspace.target.join(GUEST_TARGET);
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

fn ask_rustup(workspace: &Workspace, toolchain: &Toolchain) -> Result<()> {
    command::run_within(
        Command::new("rustup")
            .current_dir(&workspace.root)
            .args(["target", "add", GUEST_TARGET])
            .env("RUSTUP_MAX_RETRIES", "1")
            .env("RUST_BACKTRACE", "0"),
        RUSTUP_WAIT,
    )?;
    ensure!(
        toolchain.has_target(),
        "rustup takes {GUEST_TARGET} for installed, but it is not"
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
