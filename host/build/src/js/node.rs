//! The Node.js of this machine, which runs npm and what makes components.
//!
//! Owns what it must be able to do, and how tools are installed with npm. The app does not run in
//! it: it runs in the guest's own engine.

use std::path::Path;
use std::process::Command;

use crate::error::BuildError;
use crate::process;
use crate::progress::Progress;

/// The oldest major version that the tools run on.
pub(crate) const VERSION_MIN: u32 = 18;

/// A command that runs a program in Node.js.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new("node");
    // What the environment asks of Node.js was meant for other programs.
    command.env_remove("NODE_OPTIONS").arg(program);
    command
}

/// Fails if there is no Node.js of this major version or a newer one, with npm.
pub(crate) fn check(oldest: u32) -> Result<(), BuildError> {
    let version = version_of("node");
    let found = match version.as_deref().and_then(major) {
        Some(major) if major >= oldest => None,
        Some(_) => Some(format!("Node.js {}", version.unwrap_or_default())),
        None => Some("none".to_owned()),
    };
    if let Some(found) = found {
        return Err(BuildError::new(format!(
            "expected Node.js {oldest} or newer on the path, got {found}"
        ))
        .hint(WAY_OUT));
    }
    if version_of(NPM).is_none() {
        return Err(BuildError::new("expected npm on the path, got none").hint(WAY_OUT));
    }
    Ok(())
}

const WAY_OUT: &str =
    "install it: `apt install nodejs npm` on Debian, `brew install node` on macOS";

/// What npm is called.
pub(crate) const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Installs the packages that a folder's `package.json` names, as its lock file has them. `what` is
/// for messages.
pub(crate) fn install(
    folder: &Path,
    what: &str,
    progress: &mut dyn Progress,
) -> Result<(), BuildError> {
    // `npm ci` wants all optional packages to be known, and some were never published.
    let mut command = Command::new(NPM);
    command
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund"])
        .arg("--loglevel=error")
        .current_dir(folder);
    let ended = process::run(command, &format!("install {what}"), progress)?;
    if !ended.status.success() {
        return Err(BuildError::new(format!("npm cannot install {what}"))
            .hint("npm must reach a registry once; see what it says below")
            .output(ended.output));
    }
    Ok(())
}

/// What a program says of its version, if it runs.
fn version_of(program: &str) -> Option<String> {
    let mut command = Command::new(program);
    command.arg("--version");
    let ended = process::run(command, "look at Node.js", &mut ()).ok()?;
    let line = ended.output.lines().last()?.trim();
    ended
        .status
        .success()
        .then(|| line.trim_start_matches('v').to_owned())
}

fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read() {
        assert_eq!(major("20.20.2"), Some(20));
        assert_eq!(major("unknown"), None);
        assert_eq!(version_of("no-such-program"), None);
    }
}
