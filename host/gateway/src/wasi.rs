//! WASI for guests: all of it is linked, and only what the settings grant does anything.
//!
//! Must not inherit anything of the host's environment, files or network.

use wasmtime_wasi::{FsPerms, WasiCtx};

use crate::log::{GuestLog, Stream};
use crate::settings::{Access, AppSettings};

/// Bytes of randomness that a guest may ask for at once.
const RANDOM_BYTES_MAX: u64 = 1024 * 1024;

/// The name by which a guest knows itself: its first argument.
const PROGRAM: &str = "app.wasm";

/// Makes an instance's WASI context.
pub(crate) fn context(settings: &AppSettings, log: &GuestLog) -> WasiCtx {
    let mut builder = WasiCtx::builder();
    builder
        .stdout(log.writer(Stream::Stdout))
        .stderr(log.writer(Stream::Stderr))
        .envs(&settings.env)
        .arg(PROGRAM)
        .args(&settings.args)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .max_random_size(RANDOM_BYTES_MAX);
    for dir in &settings.dirs {
        let permissions = match dir.access {
            Access::ReadOnly => FsPerms::ReadOnly,
            Access::ReadWrite => FsPerms::ReadWrite,
        };
        // The folder was there when the app was loaded. Gone since, the guest finds it missing.
        if let Err(error) = builder.preopened_dir(&dir.host, &dir.guest, permissions) {
            tracing::error!(
                app = settings.name,
                "cannot open the folder {}: {error}",
                dir.host.display()
            );
        }
    }
    builder.build()
}
