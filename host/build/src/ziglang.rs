//! Zig, which compiles Zig, C and C++, and has the C library of WASI with it.
//!
//! Owns its version, where it is, and where it keeps what it has compiled.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::cache::Cache;
use crate::error::BuildError;
use crate::progress::Progress;
use crate::python;

/// The release, which each project is built with: the language changes with each.
pub(crate) const VERSION: &str = "0.17.1";

/// Its wheels for all machines that have one.
const WHEELS: &str = "ziglang==0.17.1 \
--hash=sha256:ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54 \
--hash=sha256:b7c5f02fccd40f89b999ee16a1f5ddced56e6182370f8affe494bcf8a28cf07e \
--hash=sha256:09953b6af7f64168b915180a42774f520f92d86ef6331b28e33915c7e1f0bb23 \
--hash=sha256:4e0b4b9c02b8d0d220e9948010f860b62ff11d96abb39762eca5fa2ef3f7bc97 \
--hash=sha256:69c3dfc3aff6a297ec4017aa904782c0e450eb988982d7f675d83edce27526fb \
--hash=sha256:ae28f1f1150b95c8b1bb5e185d18e6c542877dc480e2476ccc81dac41f191b71 \
--hash=sha256:27a8da5f8eaa0e76ebbc7c2594130ed4646c1101ada2ce0aa86fe580c74154b9 \
--hash=sha256:7ec229ead4a08f3bc537ed33fa8c0f811739b81a0d05afbea89db30afb4df1cc \
--hash=sha256:d65ae4223b0c351cb3b4596262b8d9773acc9ca94ef8ea9b5fe3ddfa07dd204f \
--hash=sha256:d3bf27478d4593f2df7daf5c59b616a543b8f9e2cc9235bef84d8e54862a4334 \
--hash=sha256:87f24e5cdca55f5d47c1e20570eebb61a53957fafe4c35c69740e13affe407ba \
--hash=sha256:d0549d5db63961ad9ed83ef628a45e3309542410dbcb6010116f4f2a3274d966";

/// Zig, ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Zig {
    program: PathBuf,
    /// What it has compiled of its own library, and of projects.
    compiled: PathBuf,
}

impl Zig {
    /// The one on the path if it is this release, else one that is installed into the cache.
    pub(crate) fn install(cache: &Cache, progress: &mut dyn Progress) -> Result<Self, BuildError> {
        let compiled = cache.folder("zig")?;
        if let Some(program) = on_path() {
            return Ok(Self { program, compiled });
        }
        let name = format!("Zig {VERSION} (100 MB)");
        let packages = python::install_wheel(&name, WHEELS, cache, progress)?;
        let file = format!("zig{}", env::consts::EXE_SUFFIX);
        let program = packages.join("ziglang").join(file);
        Ok(Self { program, compiled })
    }

    /// A command that runs it.
    pub(crate) fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(subcommand)
            .env("ZIG_GLOBAL_CACHE_DIR", &self.compiled)
            .env("ZIG_LOCAL_CACHE_DIR", &self.compiled);
        command
    }

    /// Says what takes long, if it does: the first build for WASI compiles the C library.
    pub(crate) fn tell(&self, what: &str, progress: &mut dyn Progress) {
        let is_new = !self.compiled.join("o").is_dir();
        let note = if is_new {
            ", and once the C library, which takes a minute"
        } else {
            ""
        };
        progress.step(&format!("compiling {what}{note}"));
    }
}

fn on_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let file = format!("zig{}", env::consts::EXE_SUFFIX);
    let program = env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&file))
        .find(|program| program.is_file())?;
    let said = Command::new(&program).arg("version").output().ok()?;
    (said.stdout.trim_ascii() == VERSION.as_bytes()).then_some(program)
}
