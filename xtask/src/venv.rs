//! Python, and virtual environments of what chores need of its packages.
//!
//! An environment is kept below the target folder. It must not install anything into the system.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command::{self, run};

/// The oldest Python that runs the package in `guests/python`.
const OLDEST: (u32, u32) = (3, 11);

/// A virtual environment.
pub(crate) struct Venv {
    folder: PathBuf,
}

impl Venv {
    /// The environment in this folder, with what these files of requirements name. It is made once,
    /// and anew if one of the files or Python has changed.
    pub(crate) fn ensure(folder: PathBuf, requirements: &[PathBuf]) -> Result<Self> {
        // The scripts in it name the folder.
        let mut made_of = format!("{}\n{}\n", version()?, folder.display());
        for file in requirements {
            let text = fs::read_to_string(file);
            made_of += &text.with_context(|| format!("cannot read {}", file.display()))?;
        }
        let stamp = folder.join("made-of.txt");
        if fs::read_to_string(&stamp).is_ok_and(|text| text == made_of) {
            return Ok(Self { folder });
        }
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        run(python3().args(["-m", "venv"]).arg(&folder)).context(
            "Python cannot make a virtual environment: \
             Debian has what it needs for that in the package python3-venv",
        )?;
        let mut install = Command::new(folder.join("bin/pip"));
        install.args(["install", "--quiet", "--disable-pip-version-check"]);
        for file in requirements {
            install.arg("-r").arg(file);
        }
        run(&mut install).context(
            "cannot install packages of Python: pip says above what is missing; \
             if it cannot reach the package index, PIP_INDEX_URL may name another one",
        )?;
        // Last, so that an environment which was not finished is made anew.
        fs::write(stamp, made_of)?;
        Ok(Self { folder })
    }

    /// The folder of its programs.
    pub(crate) fn programs(&self) -> PathBuf {
        self.folder.join("bin")
    }
}

/// The system's Python, which is new enough to run the package in `guests/python`.
pub(crate) fn python() -> Result<Command> {
    version()?;
    Ok(python3())
}

/// What Python says of its version: `Python 3.11.7`.
fn version() -> Result<String> {
    let (major, minor) = OLDEST;
    let expected = format!("expected Python {major}.{minor} or newer as `python3`");
    let version = command::text(python3().arg("--version"))
        .with_context(|| format!("{expected}, as `apt-get install python3 python3-venv` has it"))?;
    ensure!(
        number(&version).is_some_and(|number| number >= OLDEST),
        "{expected}, found {version}"
    );
    Ok(version)
}

fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix("Python ")?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn python3() -> Command {
    Command::new("python3")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(number("Python 3.11.7"), Some((3, 11)));
        assert!(number("Python 3.9.2") < Some(OLDEST));
        assert!(number("Python 3.14.0rc1") > Some(OLDEST));
        assert_eq!(number("Python"), None);
    }
}
