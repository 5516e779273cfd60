//! componentize-py, which makes a component of an interpreter and what it has imported.
//!
//! Owns its version and how it is run: with nothing of this machine's Python in the guest.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::interpreter::{self, Interpreter};
use super::runtime::Runtime;
use super::wheel::{self, LIBRARY};
use crate::cache::Cache;
use crate::digest::Digest;
use crate::error::BuildError;
use crate::process::{self, Ended};
use crate::progress::Progress;

/// The tool's release, with the digests of its wheels for all machines that have one.
pub(super) const COMPONENTIZE: &str = "componentize-py==0.25.1 \
--hash=sha256:65fbc4a94df1de8acf7da50a1f5ed1711230188844e53e6332d99029be4e0afa \
--hash=sha256:a556991534cc496207a9d2ca733c4b0f17ed38ef56a8d6b5f1847fdf1225dd1b \
--hash=sha256:7b6a87c520358166843af0daa86d2312d7af4cbcbbf1e598951085cf7f2991ca \
--hash=sha256:8623cd8cab8453cb0cd8bf03f3c7103420d06f2f3d360186a280a70a1ca5e89f \
--hash=sha256:c7fd552fb0849858b0c1e8981543ed5dff4b0cc1597a8ea0bc26a495786dc0c6";

/// The release of the time zones for those who list the digests of all that they need.
pub(super) const TIME_ZONES: &str = "tzdata==2026.6 \
--hash=sha256:0a10eec6e13ef16b627fabed9a5f2ba61a62b1c67f327305f4e7e412a70b4aec";

/// The tool, ready to run.
#[derive(Debug)]
pub(super) struct Tool {
    python: Interpreter,
    folder: PathBuf,
}

/// Installs the tool, unless the cache has it.
pub(super) fn install(cache: &Cache, progress: &mut dyn Progress) -> Result<Tool, BuildError> {
    let python = interpreter::find(cache, progress)?;
    let name = Digest::of([COMPONENTIZE, &python.platform]).name();
    let folder = cache.entry("tool", &name, progress, |entry, progress| {
        progress.step("installing componentize-py");
        let none = entry.join(NO_ENVIRONMENT);
        fs::create_dir_all(&none).map_err(|error| BuildError::cannot("make", &none, &error))?;
        wheel::fetch(&python, "componentize-py", COMPONENTIZE, entry, progress)
    })?;
    Ok(Tool { python, folder })
}

/// An environment of Python with nothing in it, beside the tool.
const NO_ENVIRONMENT: &str = "none/lib/python3.14/site-packages";

impl Tool {
    /// Makes a component by importing `entry` in the guest, which sees `folders` on its path.
    pub(super) fn run(
        &self,
        runtime: &Runtime,
        entry: &str,
        folders: &[&Path],
        output: &Path,
        progress: &mut dyn Progress,
    ) -> Result<Ended, BuildError> {
        let mut command = self.command();
        for wit in &runtime.wit {
            command.arg("-d").arg(wit);
        }
        command.args(["-q", "-w", "wasgi:python/python", "componentize", entry]);
        for folder in folders {
            command.arg("-p").arg(folder);
        }
        command.arg("-o").arg(output);
        process::run(command, "build the component", progress)
    }

    fn command(&self) -> Command {
        let mut command = self.python.command(COMPONENTIZE_PY);
        // What is set here is not the app's environment: that is what its settings say.
        command.env_clear();
        for name in ["PATH", "HOME", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT"] {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        // The tool would put the packages of the environment that it finds on the guest's path.
        command
            .env("VIRTUAL_ENV", self.folder.join("none"))
            .env("PYTHONPATH", self.folder.join(LIBRARY))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUTF8", "1");
        command
    }
}

const COMPONENTIZE_PY: &str = "\
import sys
from componentize_py import script
sys.argv[0] = 'componentize-py'
sys.exit(script())";
