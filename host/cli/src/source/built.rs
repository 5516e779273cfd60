//! Languages that are compiled: their source is built into the cache whenever it is read.
//!
//! Owns where what is built lies. That it has changed is noticed as for any component.

use std::path::{Path, PathBuf};

use wasgi_build::{Cache, Options};

use super::{PlannedSource, label};
use crate::failure::Failure;
use crate::progress::Steps;

/// Builds an app or a middleware of this name, unless nothing has changed. Returns the component.
pub(super) fn provide(
    source: &PlannedSource,
    name: &str,
    cache: &Cache,
    folder: &Path,
    steps: &mut Steps,
) -> Result<PathBuf, Failure> {
    let project = &source.project;
    // One folder may have several apps.
    let own = label(&project.folder.join(name));
    let file = folder
        .join("build")
        .join("served")
        .join(own)
        .join(format!("{}.wasm", project.name));
    let options = Options {
        cache: cache.clone(),
        output: Some(file),
        warm: true,
    };
    let report = wasgi_build::build(project, &options, steps)?;
    if !report.up_to_date {
        for warning in &report.warnings {
            tracing::warn!("{warning}");
        }
        let seconds = report.milliseconds as f64 / 1000.0;
        tracing::info!(app = name, "built in {seconds:.1} s");
    }
    Ok(report.output)
}
