//! From an app to a component.
//!
//! Owns what a component is made of, and so what decides whether it is up to date.

use std::fs;

use super::{App, bundle, jobs, messages, npm, tool};
use crate::Options;
use crate::digest::Digest;
use crate::error::BuildError;
use crate::output::{Output, remove};
use crate::process;
use crate::progress::Progress;
use crate::project::Project;
use crate::report::{self, Report};

/// Builds a project, or finds its component up to date.
pub(crate) fn build(
    project: &Project,
    app: &App,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Report, BuildError> {
    let output = Output::begin(project, options, progress)?;
    let tools = tool::install(&options.cache, progress)?;
    npm::install(app, progress)?;
    let warm = if options.warm {
        app.warm.as_slice()
    } else {
        &[]
    };
    let bundle = bundle::make(app, warm, &tools, &output.folder, progress)?;

    // Bundling takes less time than finding out what would be bundled.
    let mut inputs = Digest::of([env!("CARGO_PKG_VERSION"), &tool::embedded()]);
    inputs.add(include_str!("jobs.rs"));
    inputs.add(&bundle.content);
    let inputs = inputs.hex();
    if let Some(report) = output.former(&inputs)? {
        return Ok(report);
    }

    progress.step(&match warm.len() {
        0 => format!("freezing {}", bundle.built.entry),
        _ => format!("freezing {} after a warm-up", bundle.built.entry),
    });
    let made = output.folder.join("component.wasm");
    remove(&made)?;
    let mut command = tools.componentize(bundle.is_middleware);
    command
        .arg("--js")
        .arg(&bundle.file)
        .arg("--output")
        .arg(&made);
    let ended = process::run(command, "make a component of the app", progress)?;
    if !ended.status.success() {
        return Err(messages::of_engine(app, &bundle.sources, &ended.output));
    }
    let component = fs::read(&made).map_err(|error| BuildError::cannot("read", &made, &error))?;
    let component = jobs::runnable(&component)?;
    remove(&made)?;
    output.finish(
        &component,
        inputs,
        bundle.warnings,
        report::Built::Js(bundle.built),
    )
}
