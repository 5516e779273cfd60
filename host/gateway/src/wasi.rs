//! WASI for guests: all of it is linked, and only what the settings grant does anything.
//!
//! Must not inherit anything of the host's environment, files or network.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use tempfile::{NamedTempFile, TempDir};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder};

use crate::cache;
use crate::contract::cgi::{Stdin, Stdout};
use crate::log::{GuestLog, Stream};
use crate::outbound::Outbound;
use crate::settings::{Access, AppSettings};
use crate::{sockets, tmp};

/// Bytes of randomness that a guest may ask for at once.
const RANDOM_BYTES_MAX: u64 = 1024 * 1024;

/// The name by which a guest knows itself: its first argument.
const PROGRAM: &str = "app.wasm";

/// What a program is given that serves one request and ends.
pub(crate) struct Command {
    pub(crate) stdin: Stdin,
    pub(crate) stdout: Stdout,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) args: Vec<String>,
}

/// What a program is compiled to, and with it which version of WASI it knows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    Component,
    Module,
}

/// What a WASI context is made of.
pub(crate) struct Given<'a> {
    pub(crate) settings: &'a AppSettings,
    pub(crate) log: &'a GuestLog,
    /// The instance's own folder.
    pub(crate) tmp: Option<&'a Path>,
    /// Who decides what its sockets may connect to.
    pub(crate) outbound: Option<&'a Arc<dyn Outbound>>,
}

/// Makes an instance's WASI context.
pub(crate) fn context(given: &Given<'_>) -> WasiCtx {
    let mut builder = builder(given);
    builder.stdout(given.log.writer(Stream::Stdout)).build()
}

/// Begins a program's WASI context.
pub(crate) fn command(
    given: &Given<'_>,
    devices: Option<&Path>,
    command: Command,
) -> WasiCtxBuilder {
    let settings = given.settings;
    let mut builder = builder(given);
    let is_granted = settings.dirs.iter().any(|dir| dir.guest == DEVICES);
    if let Some(devices) = devices.filter(|_| !is_granted) {
        grant(&mut builder, settings, devices, DEVICES, FsPerms::ReadOnly);
    }
    builder
        .stdin(command.stdin)
        .stdout(command.stdout)
        .envs(&command.env)
        .args(&command.args);
    builder
}

fn builder(given: &Given<'_>) -> WasiCtxBuilder {
    let settings = given.settings;
    let mut builder = WasiCtx::builder();
    builder
        .stderr(given.log.writer(Stream::Stderr))
        .envs(&settings.env)
        .arg(PROGRAM)
        .args(&settings.args)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .max_random_size(RANDOM_BYTES_MAX);
    sockets::grant(&mut builder, given.outbound);
    for dir in &settings.dirs {
        let permissions = match dir.access {
            Access::ReadOnly => FsPerms::ReadOnly,
            Access::ReadWrite => FsPerms::ReadWrite,
        };
        grant(&mut builder, settings, &dir.host, &dir.guest, permissions);
    }
    if let Some(tmp) = given.tmp {
        grant(&mut builder, settings, tmp, tmp::GUEST, FsPerms::ReadWrite);
    }
    builder
}

fn grant(
    builder: &mut WasiCtxBuilder,
    settings: &AppSettings,
    host: &Path,
    guest: &str,
    permissions: FsPerms,
) {
    // The folder was there when the app was loaded. Gone since, the guest finds it missing.
    if let Err(error) = builder.preopened_dir(host, guest, permissions) {
        let (app, host) = (&settings.name, host.display());
        tracing::error!(app, "cannot open the folder {host}: {error}");
    }
}

/// The folder in which programs look for devices.
const DEVICES: &str = "/dev";

/// The folder that programs find there. It has an empty file in the place of `/dev/null`, which
/// nobody can write to, because all programs share it.
pub(crate) enum Devices {
    /// In the compile cache, for all hosts that use it.
    Kept(PathBuf),
    /// For this host alone.
    Temporary(TempDir),
}

impl Devices {
    /// Makes the folder, or finds the one that a host made before in the compile cache.
    pub(crate) fn new(cache: Option<&Path>) -> io::Result<Self> {
        let Some(cache) = cache else {
            let folder = TempDir::with_prefix("wasgi-dev-")?;
            fs::write(folder.path().join(NULL), [])?;
            return Ok(Self::Temporary(folder));
        };
        let folder = cache.join("devices");
        cache::open_folder(&folder)?;
        let null = folder.join(NULL);
        if !is_empty_file(&null) {
            // Renamed into its place: another host may do the same, or use what was there.
            NamedTempFile::new_in(&folder)?.persist(null)?;
        }
        Ok(Self::Kept(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Kept(folder) => folder,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

const NULL: &str = "null";

fn is_empty_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn devices_are_kept_in_the_cache_and_mended() {
        let cache = tempfile::tempdir().unwrap();
        let null = cache.path().join("devices/null");
        let check = || {
            let devices = Devices::new(Some(cache.path())).unwrap();
            assert_eq!(devices.path(), null.parent().unwrap());
            assert!(is_empty_file(&null));
            let folder = fs::metadata(devices.path()).unwrap();
            assert_eq!(folder.permissions().mode() & 0o777, 0o700);
            assert_eq!(fs::read_dir(devices.path()).unwrap().count(), 1);
        };
        check();
        check();
        fs::write(&null, "no longer empty").unwrap();
        check();
        let other = cache.path().join("other");
        fs::write(&other, "").unwrap();
        fs::remove_file(&null).unwrap();
        symlink(other, &null).unwrap();
        check();
    }

    #[test]
    fn devices_without_a_cache_go_with_the_host() {
        let devices = Devices::new(None).unwrap();
        let folder = devices.path().to_owned();
        assert!(is_empty_file(&folder.join(NULL)));
        drop(devices);
        assert!(!folder.exists());
    }
}
