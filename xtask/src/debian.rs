//! The standard libraries of guests from Debian's packages: their sources from `rust-src` of exactly
//! the compiler's version, the C libraries under them from `wasi-libc`.
//!
//! No root is needed but to write into the toolchain.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::apt::{Apt, Sources};
use crate::command::run;
use crate::setup::Toolchain;

/// Where Debian keeps compilers, those that ask least of the rest of the system first.
const SUITES: [&str; 4] = ["trixie-backports", "trixie", "forky", "sid"];

/// Builds the standard library of each target and puts it into the toolchain, whole or not at all.
pub(crate) fn install(toolchain: &Toolchain, targets: &[&str]) -> Result<()> {
    let apt = Apt::new(Sources::Suites(&SUITES))?;
    let version = &toolchain.version;
    let sources = apt.version("rust-src", |found| {
        found.starts_with(&format!("{version}+"))
    })?;
    let libc = apt.version("wasi-libc", |_| true)?;
    let root = apt.folder().join("root");
    let packages = [format!("rust-src={sources}"), format!("wasi-libc={libc}")];
    apt.unpack(&packages, &root)?;

    let library = root.join(format!("usr/src/rustc-{version}/library"));
    let _source = Source::provide(toolchain, &library)?;
    let probe = probe(apt.folder())?;
    for target in targets {
        let built = build(&probe, target, toolchain)?;
        let libc = root.join("usr/lib").join(libc_folder(target));
        place(toolchain, target, &built, &libc)?;
    }
    Ok(())
}

/// Debian's name for the folder of a target's C library.
fn libc_folder(target: &str) -> &str {
    match target {
        "wasm32-wasip1" => "wasm32-wasi",
        other => other,
    }
}

/// An empty library: the standard library is compiled by compiling this with it. A program would
/// need the C library in its place already.
fn probe(folder: &Path) -> Result<PathBuf> {
    let probe = folder.join("probe");
    run(Command::new("cargo")
        .args(["init", "--lib", "--quiet", "--vcs=none", "--name=probe"])
        .arg(&probe))?;
    Ok(probe)
}

/// Compiles the standard library of a target. Returns where it lies.
fn build(probe: &Path, target: &str, toolchain: &Toolchain) -> Result<PathBuf> {
    // Guests have the names of source files, for messages. They are those that rustup's library has,
    // but for the version, not those of this machine.
    let sources = toolchain.sysroot.join(SOURCE);
    let remap = format!(
        "--remap-path-prefix={}=/rustc/{}/library --remap-path-prefix={}=/rust/deps",
        sources.display(),
        toolchain.version,
        crates()?.display()
    );
    run(Command::new("cargo")
        .current_dir(probe)
        .args([
            "build",
            "--quiet",
            "--release",
            "-Zbuild-std=std,panic_abort",
        ])
        .args(["--target", target, "--target-dir", "target"])
        // Without bitcode in it, a guest that is built with `lto = true` fails to link.
        .env("RUSTFLAGS", format!("-Cembed-bitcode=yes {remap}"))
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("CARGO_BUILD_TARGET_DIR"))?;
    Ok(probe.join("target").join(target).join("release/deps"))
}

/// Where cargo keeps what it downloads.
fn crates() -> Result<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    Ok(home
        .context("there is no home folder")?
        .join("registry/src"))
}

/// Gathers the files beside their place and moves them there in one step, so that a build that
/// runs meanwhile, or one that comes after an interrupted set-up, never sees a part of them.
fn place(toolchain: &Toolchain, target: &str, built: &Path, libc: &Path) -> Result<()> {
    let folder = toolchain.target_folder(target);
    let parent = folder
        .parent()
        .context("a toolchain has no place for targets")?;
    let part = TempDir::with_prefix_in("setup-", parent)
        .with_context(|| format!("cannot write into {}", parent.display()))?;
    let whole = part.path().join(target);
    let own = whole.join("lib/self-contained");
    fs::create_dir_all(&own)?;
    for file in ["crt1-command.o", "crt1-reactor.o", "libc.a"] {
        let from = libc.join(file);
        fs::copy(&from, own.join(file)).with_context(|| format!("wasi-libc lacks {file}"))?;
    }
    for entry in fs::read_dir(built)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libprobe-") {
            fs::copy(entry.path(), whole.join("lib").join(name))?;
        }
    }
    if folder.exists() {
        // What is there is no standard library, or this would not run.
        fs::rename(&folder, part.path().join("old"))?;
    }
    fs::rename(&whole, &folder).with_context(|| format!("cannot write {}", folder.display()))
}

/// The library's sources where cargo looks for them, for as long as this value lives. They are
/// not left there: rustup would later refuse to install its own over them.
struct Source(Option<PathBuf>);

/// Where that is.
const SOURCE: &str = "lib/rustlib/src/rust/library";

impl Source {
    fn provide(toolchain: &Toolchain, library: &Path) -> Result<Self> {
        let place = toolchain.sysroot.join(SOURCE);
        if place.exists() {
            return Ok(Self(None));
        }
        fs::create_dir_all(
            place
                .parent()
                .context("a toolchain has no place for sources")?,
        )?;
        symlink(library, &place).with_context(|| format!("cannot write {}", place.display()))?;
        Ok(Self(Some(place)))
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let Some(link) = &self.0 else { return };
        let _removed = fs::remove_file(link);
        // `rust` and `src`, but only if nothing else is in them.
        for folder in link.ancestors().skip(1).take(2) {
            let _removed = fs::remove_dir(folder);
        }
    }
}
