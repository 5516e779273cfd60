//! The standard libraries of guests from Debian's packages: their sources from `rust-src` of exactly
//! the compiler's version, the C libraries under them from `wasi-libc`.
//!
//! It uses this machine's apt and its mirror with a list of sources of its own: nothing of the
//! system is changed, and no root is needed but to write into the toolchain.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::command::{self, run};
use crate::setup::Toolchain;

/// Where Debian keeps compilers, those that ask least of the rest of the system first.
const SUITES: [&str; 4] = ["trixie-backports", "trixie", "forky", "sid"];

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Builds the standard library of each target and puts it into the toolchain, whole or not at all.
pub(crate) fn install(toolchain: &Toolchain, targets: &[&str]) -> Result<()> {
    let apt = Apt::new()?;
    let version = &toolchain.version;
    let sources = apt.version("rust-src", |found| {
        found.starts_with(&format!("{version}+"))
    })?;
    let libc = apt.version("wasi-libc", |_| true)?;
    apt.unpack(&[format!("rust-src={sources}"), format!("wasi-libc={libc}")])?;

    let library = apt
        .folder()
        .join(format!("root/usr/src/rustc-{version}/library"));
    let _source = Source::provide(toolchain, &library)?;
    let probe = probe(apt.folder())?;
    for target in targets {
        let built = build(&probe, target, toolchain)?;
        let libc = apt.folder().join("root/usr/lib").join(libc_folder(target));
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

/// This machine's apt, reading Debian's suites into a folder of its own.
struct Apt {
    folder: TempDir,
}

impl Apt {
    fn new() -> Result<Self> {
        let apt = Self {
            folder: TempDir::with_prefix("wasgi-setup-")?,
        };
        let folder = apt.folder();
        for name in ["lists/partial", "archives/partial", "deb", "root"] {
            fs::create_dir_all(folder.join(name))?;
        }
        ensure!(
            Path::new(KEYRING).exists(),
            "there is no {KEYRING}: this is no Debian"
        );
        let mirror = mirror()?;
        let line = |suite| format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n");
        fs::write(folder.join("sources.list"), SUITES.map(line).concat())?;
        let path = folder.display();
        let settings = [
            format!("Dir::Etc::sourcelist \"{path}/sources.list\";"),
            "Dir::Etc::sourceparts \"-\";".to_owned(),
            format!("Dir::State::Lists \"{path}/lists\";"),
            format!("Dir::Cache \"{path}\";"),
            // apt's own user cannot write into a folder of ours.
            "APT::Sandbox::User \"root\";".to_owned(),
        ];
        fs::write(folder.join("apt.conf"), settings.join("\n"))?;
        run(apt.command("apt-get").arg("update"))?;
        Ok(apt)
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// One of apt's programs, with the configuration of this value.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .arg("-qq")
            .env("APT_CONFIG", self.folder().join("apt.conf"));
        command
    }

    /// The newest version of a package that `fits`.
    fn version(&self, package: &str, fits: impl Fn(&str) -> bool) -> Result<String> {
        let table = command::text(self.command("apt-cache").args(["madison", package]))?;
        let mut versions = table
            .lines()
            .filter_map(|line| line.split('|').nth(1))
            .map(str::trim);
        let version = versions.find(|version| fits(version));
        version
            .map(str::to_owned)
            .with_context(|| format!("Debian has no fitting {package}"))
    }

    /// Downloads packages and unpacks them under `root`.
    fn unpack(&self, packages: &[String]) -> Result<()> {
        let archives = self.folder().join("deb");
        run(self
            .command("apt-get")
            .current_dir(&archives)
            .arg("download")
            .args(packages))?;
        for entry in fs::read_dir(archives)? {
            let root = self.folder().join("root");
            run(Command::new("dpkg-deb")
                .arg("-x")
                .arg(entry?.path())
                .arg(root))?;
        }
        Ok(())
    }
}

/// Where this machine gets its packages from: what comes before `/dists/` in the first address
/// that apt would read.
fn mirror() -> Result<String> {
    let addresses = command::text(Command::new("apt-get").args(["update", "--print-uris"]))?;
    let mut mirrors = addresses.lines().filter_map(|line| {
        let (mirror, _) = line.strip_prefix('\'')?.split_once("/dists/")?;
        Some(mirror.to_owned())
    });
    mirrors.next().context("apt knows no mirror")
}
