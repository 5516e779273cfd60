//! QuickJS: componentize-qjs evaluates an app in it, and freezes what is then in memory.

use std::fs;
use std::path::Path;

use super::bundle::Bundle;
use super::tool::Tools;
use super::{App, jobs, messages};
use crate::digest::Digest;
use crate::error::BuildError;
use crate::output::remove;
use crate::process;
use crate::progress::Progress;

/// Adds all that a component is made with besides the app and the tools.
pub(super) fn add_to(inputs: &mut Digest) {
    inputs.add(include_str!("jobs.rs"));
}

/// Makes a component of a bundle, in the folder `made`.
pub(super) fn component(
    app: &App,
    bundle: &Bundle,
    tools: &Tools,
    made: &Path,
    progress: &mut dyn Progress,
) -> Result<Vec<u8>, BuildError> {
    let file = made.join("component.wasm");
    remove(&file)?;
    let mut command = tools.componentize(bundle.is_middleware);
    command
        .arg("--js")
        .arg(&bundle.file)
        .arg("--output")
        .arg(&file);
    let ended = process::run(command, "make a component of the app", progress)?;
    if !ended.status.success() {
        return Err(messages::of_engine(app, &bundle.sources, &ended.output));
    }
    let component = fs::read(&file).map_err(|error| BuildError::cannot("read", &file, &error))?;
    let component = jobs::runnable(&component)?;
    remove(&file)?;
    Ok(component)
}
