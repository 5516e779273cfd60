//! The Python of this machine, which runs pip and componentize-py.
//!
//! Owns what it must be able to do. The app does not run in it: it runs in the guest's own.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::Cache;
use crate::digest::Digest;
use crate::error::BuildError;
use crate::process;
use crate::progress::Progress;

/// A Python that has pip.
#[derive(Clone, Debug)]
pub(super) struct Interpreter {
    program: PathBuf,
    /// What programs are built for that it can load.
    pub(super) platform: String,
}

impl Interpreter {
    /// A command that runs it, with `code` as its program. What the environment says to Python is
    /// kept from it: paths of a project that is worked on would be in the way.
    pub(super) fn command(&self, code: &str) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("PYTHON") || text == "VIRTUAL_ENV" || text == "RUST_BACKTRACE" {
                command.env_remove(&name);
            }
        }
        command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUTF8", "1");
        command.arg("-c").arg(code);
        command
    }
}

/// Finds a Python: the first on the path that has pip, else the first that can make an environment
/// with it.
pub(super) fn find(cache: &Cache, progress: &mut dyn Progress) -> Result<Interpreter, BuildError> {
    let mut seen = Vec::new();
    let mut without_pip = None;
    for program in programs() {
        let Some(probe) = probe(&program) else {
            seen.push(format!("{} (does not run)", program.display()));
            continue;
        };
        if probe.version < VERSION_MIN {
            let (major, minor) = probe.version;
            seen.push(format!("{} ({major}.{minor})", program.display()));
        } else if probe.has_pip {
            let platform = probe.platform;
            return Ok(Interpreter { program, platform });
        } else {
            seen.push(format!("{} (without pip)", program.display()));
            without_pip =
                without_pip.or_else(|| probe.has_venv.then_some((program, probe.platform)));
        }
    }
    if let Some((program, platform)) = without_pip {
        return with_pip(&program, platform, cache, progress);
    }
    let (major, minor) = VERSION_MIN;
    let seen = if seen.is_empty() {
        "none".to_owned()
    } else {
        seen.join(", ")
    };
    Err(BuildError::new(format!(
        "expected Python {major}.{minor} or newer with pip on the path, got {seen}"
    ))
    .hint("install it: `apt install python3-pip` on Debian, `brew install python` on macOS"))
}

/// The oldest Python that componentize-py's and pip's newest releases run on.
const VERSION_MIN: (u32, u32) = (3, 10);

/// The programs on the path that may be Python, the likeliest of each folder first.
fn programs() -> Vec<PathBuf> {
    const NAMES: [&str; 7] = [
        "python3",
        "python",
        "python3.14",
        "python3.13",
        "python3.12",
        "python3.11",
        "python3.10",
    ];
    let path = env::var_os("PATH").unwrap_or_default();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for folder in env::split_paths(&path).filter(|folder| folder.is_absolute()) {
        for name in NAMES {
            let program = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
            // Several names are often links to one file.
            if let Ok(real) = program.canonicalize()
                && real.is_file()
                && seen.insert((folder.clone(), real))
            {
                found.push(program);
            }
        }
    }
    // Limit: PROGRAMS_MAX
    found.truncate(PROGRAMS_MAX);
    found
}

/// Programs that are tried.
const PROGRAMS_MAX: usize = 16;

/// What a Python can do.
#[derive(Debug, PartialEq, Eq)]
struct Probe {
    version: (u32, u32),
    has_pip: bool,
    has_venv: bool,
    platform: String,
}

const PROBE: &str = "\
import sys, sysconfig
from importlib.util import find_spec
print('wasgi', *sys.version_info[:2], int(bool(find_spec('pip'))), \
int(bool(find_spec('venv') and find_spec('ensurepip'))), sysconfig.get_platform())";

fn probe(program: &Path) -> Option<Probe> {
    let unknown = Interpreter {
        program: program.to_owned(),
        platform: String::new(),
    };
    let ended = process::run(unknown.command(PROBE), "look at Python", &mut ()).ok()?;
    ended.status.success().then(|| parse(&ended.output))?
}

fn parse(output: &str) -> Option<Probe> {
    let line = output
        .lines()
        .find_map(|line| line.strip_prefix("wasgi "))?;
    let words: Vec<_> = line.split(' ').collect();
    let [major, minor, pip, venv, platform] = words[..] else {
        return None;
    };
    Some(Probe {
        version: (major.parse().ok()?, minor.parse().ok()?),
        has_pip: pip == "1",
        has_venv: venv == "1",
        platform: platform.to_owned(),
    })
}

/// Makes an environment that has pip, of a Python that has none.
fn with_pip(
    program: &Path,
    platform: String,
    cache: &Cache,
    progress: &mut dyn Progress,
) -> Result<Interpreter, BuildError> {
    let name = Digest::of([program.as_os_str().as_encoded_bytes()]).name();
    let folder = cache.folder("python")?.join(name);
    let folders = if cfg!(windows) { "Scripts" } else { "bin" };
    let made = folder
        .join(folders)
        .join(format!("python{}", env::consts::EXE_SUFFIX));
    if !made.is_file() {
        progress.step("making an environment for pip");
        let mut command = Command::new(program);
        command.args(["-m", "venv", "--clear"]).arg(&folder);
        let what = "make an environment of Python";
        let ended = process::run(command, what, progress)?;
        if !ended.status.success() {
            return Err(
                BuildError::new(format!("cannot {what} with {}", program.display()))
                    .hint("install pip: `apt install python3-pip` on Debian")
                    .output(ended.output),
            );
        }
    }
    Ok(Interpreter {
        program: made,
        platform,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_is_read() {
        let probe = parse("noise\nwasgi 3 12 1 0 linux-x86_64").unwrap();
        assert_eq!(probe.version, (3, 12));
        assert!(probe.has_pip && !probe.has_venv);
        assert_eq!(probe.platform, "linux-x86_64");
        assert_eq!(parse("Python 2.7"), None);
        assert_eq!(parse("wasgi 3"), None);
    }
}
