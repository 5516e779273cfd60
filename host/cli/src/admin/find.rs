//! Which of the hosts that run is meant.

use std::fs;
use std::path::{Path, PathBuf};

use wasgi_server::HostStatus;

use super::client::{CallError, Client, parse};
use super::table::escape;
use crate::failure::{Failure, reason};
use crate::manifest;
use crate::state;
use crate::targets::MANIFEST;

/// Folders in which hosts are looked for.
const FOLDERS_MAX: usize = 1000;

/// Finds the host: by its state folder, by its manifest, or as the only one.
pub(super) async fn host(state: Option<&Path>, config: Option<&Path>) -> Result<Client, Failure> {
    if let Some(state) = state {
        return Ok(Client::new(state));
    }
    if let Some(config) = config {
        return of_manifest(config);
    }
    if Path::new(MANIFEST).is_file() {
        let host = of_manifest(Path::new(MANIFEST))?;
        if !is_absent(&host).await {
            return Ok(host);
        }
    }
    the_only_one().await
}

/// The host that serves a manifest. What is wrong with the manifest is the host's to tell.
fn of_manifest(config: &Path) -> Result<Client, Failure> {
    if let Err(error) = fs::metadata(config) {
        let (config, why) = (config.display(), reason(&error));
        return Err(Failure::run_time(format!("cannot read {config}: {why}")));
    }
    let manifest = manifest::read(config, None, false);
    state::folder(manifest.hosting.state.as_deref(), &[], Some(config))
        .map(Client::new)
        .ok_or_else(homeless)
}

async fn is_absent(host: &Client) -> bool {
    matches!(host.look_up("/status").await, Err(CallError::Absent(_)))
}

/// The host that runs with a state folder of which nobody said where it is to be.
async fn the_only_one() -> Result<Client, Failure> {
    let base = state::base().ok_or_else(homeless)?;
    let mut found = Vec::new();
    for folder in folders(&base)? {
        let host = Client::new(folder);
        match host.look_up("/status").await {
            Ok(answer) => found.push((host, parse::<HostStatus>(&answer).ok())),
            // What the last host left.
            Err(CallError::Absent(_)) => {}
            // It may be the one that is meant, and says more when it is asked for that.
            Err(CallError::Refused(_) | CallError::Broken(_)) => found.push((host, None)),
        }
    }
    if found.len() > 1 {
        let hints: Vec<String> = found
            .iter()
            .map(|(host, status)| hint(host, status))
            .collect();
        let message = format!("{} hosts are running, and none was named", found.len());
        return Err(Failure::run_time(message).hint(hints.join("\nhint: ")));
    }
    found.pop().map(|(host, _)| host).ok_or_else(|| {
        let base = base.display();
        Failure::run_time(format!(
            "no host is running: none has its state below {base}"
        ))
        .hint("start one with `wasgi serve`, or name its state folder with `--state`")
    })
}

/// The folders in which a host may have its socket.
fn folders(base: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = match fs::read_dir(base) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            let (base, why) = (base.display(), reason(&error));
            return Err(Failure::run_time(format!("cannot read {base}: {why}")));
        }
    };
    // Limit: FOLDERS_MAX
    let mut folders: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .take(FOLDERS_MAX)
        .collect();
    folders.sort();
    Ok(folders)
}

/// How a host is named, and what it serves.
fn hint(host: &Client, status: &Option<HostStatus>) -> String {
    let folder = escape(&host.folder().display().to_string());
    let Some(status) = status else {
        return format!("`--state {folder}` is a host that does not answer");
    };
    let mut apps: Vec<String> = status.apps.iter().map(|app| escape(&app.name)).collect();
    let more = apps.len().saturating_sub(APPS_SHOWN);
    apps.truncate(APPS_SHOWN);
    if more > 0 {
        apps.push(format!("{more} more"));
    }
    let (apps, listen) = (apps.join(", "), escape(&status.listen.join(", ")));
    format!("`--state {folder}` is the host that serves {apps} at {listen}")
}

/// Apps that are named of each host.
const APPS_SHOWN: usize = 5;

fn homeless() -> Failure {
    Failure::run_time("cannot tell where hosts keep their state: this user has no home folder")
        .hint("name the state folder with `--state`")
}
