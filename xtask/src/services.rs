//! The servers that tests start: PostgreSQL and Redis.
//!
//! The system's are taken; what it lacks is unpacked from Debian's packages into `target/services`,
//! where the tests look for it. Nothing is installed, and nothing is started.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::apt::{Apt, Sources};
use crate::workspace::Workspace;

/// A server.
struct Service {
    /// One of its programs.
    program: &'static str,
    /// The package that has it.
    package: &'static str,
}

const SERVICES: [Service; 2] = [
    Service {
        program: "initdb",
        package: "postgresql",
    },
    Service {
        program: "redis-server",
        package: "redis-server",
    },
];

/// Makes sure that the tests find each server.
pub(crate) fn ensure(workspace: &Workspace) -> Result<()> {
    let lacking = SERVICES.iter().filter(|service| !service.is_installed());
    let lacking: Vec<&Service> = lacking.collect();
    let place = workspace.root.join("target/services");
    if lacking.iter().all(|service| service.is_below(&place)) {
        return Ok(());
    }
    let names: Vec<_> = lacking.iter().map(|service| service.package).collect();
    eprintln!("there is no {} on this machine", names.join(", no "));
    if let Err(error) = unpack(&names, &place) {
        let names = names.join(" ");
        bail!(
            "cannot get {names} from Debian's packages: {error:#}\n\
             install it yourself, as with `apt-get install {names}`; the tests find it in PATH"
        );
    }
    for service in lacking {
        if !service.is_below(&place) {
            bail!("Debian's {} has no {}", service.package, service.program);
        }
    }
    eprintln!("unpacked {} into {}", names.join(", "), place.display());
    Ok(())
}

/// Unpacks packages with all that they need, whole or not at all.
fn unpack(packages: &[&str], place: &Path) -> Result<()> {
    let part = place.with_extension("part");
    for folder in [place, &part] {
        if folder.exists() {
            fs::remove_dir_all(folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
    }
    let apt = Apt::new(Sources::System)?;
    apt.unpack(&apt.lacking(packages)?, &part)?;
    fs::rename(&part, place).with_context(|| format!("cannot write {}", place.display()))
}

impl Service {
    fn is_installed(&self) -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        self.is_below(Path::new("/"))
            || std::env::split_paths(&path).any(|folder| folder.join(self.program).is_file())
    }

    /// Whether it lies where Debian's package has it, below this folder.
    fn is_below(&self, root: &Path) -> bool {
        let in_bin = root.join("usr/bin").join(self.program).is_file();
        in_bin || {
            let versions = fs::read_dir(root.join("usr/lib/postgresql"));
            let mut versions = versions.into_iter().flatten().flatten();
            versions.any(|version| version.path().join("bin").join(self.program).is_file())
        }
    }
}
