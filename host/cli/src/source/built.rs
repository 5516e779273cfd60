//! Languages that are compiled: their source is built into the cache whenever it is read.
//!
//! Owns where what is built lies. That it has changed is noticed as for any component.

use std::path::Path;

use wasgi_build::{Cache, Options};

use super::label;
use crate::failure::Failure;
use crate::plan::PlannedApp;
use crate::progress::Steps;

/// Builds an app, unless nothing has changed, and serves what that makes.
pub(super) fn provide(
    app: &mut PlannedApp,
    cache: &Cache,
    folder: &Path,
    steps: &mut Steps,
) -> Result<(), Failure> {
    let Some(source) = &app.source else {
        return Ok(());
    };
    let project = &source.project;
    // One folder may have several apps.
    let own = label(&project.folder.join(&app.settings.name));
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
        tracing::info!(app = app.settings.name, "built in {seconds:.1} s");
    }
    app.component = report.output;
    Ok(())
}
