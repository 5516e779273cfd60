//! What a project needs, installed as its developers do: into its own `node_modules`.
//!
//! Owns when that is done, and by which tool. What is there is not touched.

use std::path::Path;
use std::process::Command;

use super::{App, node};
use crate::error::BuildError;
use crate::process;
use crate::progress::Progress;

/// Installs the requirements of a project, if one of them is not there.
pub(super) fn install(app: &App, progress: &mut dyn Progress) -> Result<(), BuildError> {
    let folder = &app.folder;
    let needs = &app.package.dependencies;
    let missing: Vec<_> = needs
        .iter()
        .filter(|name| !is_installed(folder, name))
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if let Some((lock, tool)) = OTHERS.iter().find(|(lock, _)| folder.join(lock).is_file()) {
        return Err(BuildError::new(format!(
            "the project needs {}, which {tool} has not installed yet ({lock} is its file)",
            missing.join(", ")
        ))
        .hint(format!("run `{tool} install` in {}", folder.display())));
    }
    node::check(node::VERSION_MIN)?;
    let is_locked = folder.join("package-lock.json").is_file();
    let how = if is_locked { "ci" } else { "install" };
    progress.step(&format!(
        "installing {} with npm into {}",
        missing.join(", "),
        folder.join("node_modules").display()
    ));
    let mut command = Command::new(node::NPM);
    command
        .args([how, "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(folder);
    let ended = process::run(command, "install what the project needs", progress)?;
    if !ended.status.success() {
        return Err(BuildError::new(format!("`npm {how}` failed"))
            .at(folder.join("package.json"), None)
            .hint(format!("run `npm {how}` in {}", folder.display()))
            .output(ended.output));
    }
    Ok(())
}

/// The lock files of other tools, which would not follow what npm installs.
const OTHERS: [(&str, &str); 4] = [
    ("pnpm-lock.yaml", "pnpm"),
    ("yarn.lock", "yarn"),
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
];

/// Whether a package is where Node.js looks for it: in the folder, or in one that it is in.
fn is_installed(folder: &Path, name: &str) -> bool {
    folder
        .ancestors()
        .any(|parent| parent.join("node_modules").join(name).exists())
        // This one is the build's own: it fits the component.
        || name == "wasgi"
}
