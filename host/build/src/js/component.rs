//! From an app to a component.
//!
//! Owns what a component is made of, and so what decides whether it is up to date.

use super::{App, Engine, bundle, npm, quickjs, starlingmonkey, tool};
use crate::Options;
use crate::digest::Digest;
use crate::error::BuildError;
use crate::output::Output;
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
    // Only QuickJS is asked before it is frozen.
    let warm = match app.engine {
        Engine::QuickJs if options.warm => app.warm.as_slice(),
        Engine::QuickJs | Engine::StarlingMonkey => &[],
    };
    let bundle = bundle::make(app, warm, &tools, &output.folder, progress)?;

    // Bundling takes less time than finding out what would be bundled.
    let mut inputs = Digest::of([env!("CARGO_PKG_VERSION"), &tool::embedded()]);
    match app.engine {
        Engine::QuickJs => quickjs::add_to(&mut inputs),
        Engine::StarlingMonkey => starlingmonkey::add_to(&mut inputs),
    }
    inputs.add(&bundle.content);
    let inputs = inputs.hex();
    if let Some(report) = output.former(&inputs)? {
        return Ok(report);
    }

    progress.step(&match warm.len() {
        0 => format!("freezing {}", bundle.built.entry),
        _ => format!("freezing {} after a warm-up", bundle.built.entry),
    });
    let made = &output.folder;
    let component = match app.engine {
        Engine::QuickJs => quickjs::component(app, &bundle, &tools, made, progress),
        Engine::StarlingMonkey => {
            starlingmonkey::component(app, &bundle, &options.cache, made, progress)
        }
    }?;
    output.finish(
        &component,
        inputs,
        bundle.warnings,
        report::Built::Js(bundle.built),
    )
}
