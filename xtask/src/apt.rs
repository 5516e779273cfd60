//! This machine's apt and its mirror, with lists and a cache of its own.
//!
//! Packages are looked up, downloaded and unpacked into folders. It must not install anything:
//! nothing of the system is changed, and no root is needed.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::command::{self, run};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// What apt reads of the mirror.
#[derive(Clone, Copy)]
pub(crate) enum Sources<'a> {
    /// What this machine is set up for.
    System,
    /// These suites of Debian.
    Suites(&'a [&'a str]),
}

/// This machine's apt, reading into a folder of its own.
pub(crate) struct Apt {
    folder: TempDir,
}

impl Apt {
    /// Reads the lists of packages.
    pub(crate) fn new(sources: Sources<'_>) -> Result<Self> {
        let apt = Self {
            folder: TempDir::with_prefix("wasgi-setup-")?,
        };
        let folder = apt.folder();
        for name in ["lists/partial", "archives/partial", "deb"] {
            fs::create_dir_all(folder.join(name))?;
        }
        let path = folder.display();
        let mut settings = vec![
            format!("Dir::State::Lists \"{path}/lists\";"),
            format!("Dir::Cache \"{path}\";"),
            // apt's own user cannot write into a folder of ours.
            "APT::Sandbox::User \"root\";".to_owned(),
        ];
        if let Sources::Suites(suites) = sources {
            ensure!(
                Path::new(KEYRING).exists(),
                "there is no {KEYRING}: this is no Debian"
            );
            let mirror = mirror()?;
            let line = |suite| format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n");
            let lines: String = suites.iter().map(line).collect();
            fs::write(folder.join("sources.list"), lines)?;
            settings.push(format!("Dir::Etc::sourcelist \"{path}/sources.list\";"));
            settings.push("Dir::Etc::sourceparts \"-\";".to_owned());
        }
        fs::write(folder.join("apt.conf"), settings.join("\n"))?;
        run(apt.command("apt-get").arg("update"))?;
        Ok(apt)
    }

    /// Its folder, which goes with it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The newest version of a package that `fits`.
    pub(crate) fn version(&self, package: &str, fits: impl Fn(&str) -> bool) -> Result<String> {
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

    /// The packages that this machine lacks to run these, and these themselves.
    pub(crate) fn lacking(&self, packages: &[&str]) -> Result<Vec<String>> {
        let mut ask = self.command("apt-get");
        ask.args(["install", "--simulate", "--no-install-recommends"]);
        let told = command::text(ask.args(packages))?;
        let names = told.lines().filter_map(|line| {
            // `Inst NAME (VERSION …)`. One that is there, in another version, has that before it.
            let (name, rest) = line.strip_prefix("Inst ")?.split_once(' ')?;
            rest.starts_with('(').then(|| name.to_owned())
        });
        Ok(names.collect())
    }

    /// Downloads packages and unpacks them under `root`.
    pub(crate) fn unpack(&self, packages: &[String], root: &Path) -> Result<()> {
        let archives = self.folder().join("deb");
        fs::create_dir_all(root)?;
        run(self
            .command("apt-get")
            .current_dir(&archives)
            .arg("download")
            .args(packages))?;
        for entry in fs::read_dir(archives)? {
            run(Command::new("dpkg-deb")
                .arg("-x")
                .arg(entry?.path())
                .arg(root))?;
        }
        Ok(())
    }

    /// One of apt's programs, with the configuration of this value.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .arg("-qq")
            .env("APT_CONFIG", self.folder().join("apt.conf"));
        command
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
