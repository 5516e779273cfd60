//! What tests need that is not built here: PostgreSQL, Redis, and Ruby with gems.
//!
//! The system's are taken; what it lacks is unpacked from Debian's packages into `target/services`,
//! where the tests look for it. Nothing is installed, and nothing is started.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::apt::{Apt, Sources};
use crate::workspace::Workspace;

/// What tests run, or read.
struct Service {
    /// Debian's package that has it.
    package: &'static str,
    /// One of its files, below the root; a name that ends with `*` begins so.
    file: &'static str,
}

const SERVICES: [Service; 5] = [
    Service {
        package: "postgresql",
        file: "usr/lib/postgresql/*/bin/initdb",
    },
    Service {
        package: "redis-server",
        file: "usr/bin/redis-server",
    },
    Service {
        package: "ruby",
        file: "usr/bin/ruby",
    },
    Service {
        package: "ruby-minitest",
        file: "usr/share/rubygems-integration/all/gems/minitest-*",
    },
    Service {
        package: "ruby-sinatra",
        file: "usr/share/rubygems-integration/all/gems/sinatra-*",
    },
];

/// Makes sure that the tests find all of it.
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
            bail!("Debian's {} has no {}", service.package, service.file);
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
        let program = self.file.rsplit('/').next().unwrap_or_default();
        let path = std::env::var_os("PATH").unwrap_or_default();
        self.is_below(Path::new("/"))
            || std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    }

    /// Whether it lies where Debian's package has it, below this folder.
    fn is_below(&self, root: &Path) -> bool {
        let parts = self.file.split('/');
        let found = parts.fold(vec![root.to_owned()], |folders, part| {
            let below = folders.iter().flat_map(|folder| entries(folder, part));
            below.collect()
        });
        !found.is_empty()
    }
}

/// What a folder has of this name, or of those that begin so.
fn entries(folder: &Path, name: &str) -> Vec<PathBuf> {
    let Some(start) = name.strip_suffix('*') else {
        let path = folder.join(name);
        return path.exists().then_some(path).into_iter().collect();
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let begins = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(start);
    entries.filter(begins).map(|entry| entry.path()).collect()
}
