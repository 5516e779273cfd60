//! `wasgi build`: from a folder of source to components.
//!
//! Owns which apps of a folder are built and how that is told. What a build does is
//! `wasgi-build`'s.

use std::path::{Path, PathBuf};

use wasgi_build::{Cache, Options, Report, Settings};

use self::progress::Shown;
use crate::args::BuildArgs;
use crate::cache;
use crate::failure::{Failure, Failures};
use crate::manifest::{self, BuildTable, SourceApp};
use crate::targets::MANIFEST;

mod progress;

/// An app that is to be built.
struct Wanted {
    folder: PathBuf,
    settings: Settings,
    output: Option<PathBuf>,
}

/// Builds the apps of a folder. What is returned is for standard output.
pub(crate) fn run(args: &BuildArgs) -> Result<String, Failures> {
    let wanted = wanted(args)?;
    let folder = cache::folder_of_builds(args.cache.as_deref())?;
    let cache = Cache::new(&folder).map_err(Failure::from)?;
    let mut told = String::new();
    for app in wanted {
        let report = build(app, args, &cache)?;
        if args.json {
            let json = serde_json::to_string_pretty(&report);
            told += &json.map_err(|error| Failure::run_time(error.to_string()))?;
            told.push('\n');
        }
    }
    Ok(told)
}

fn build(app: Wanted, args: &BuildArgs, cache: &Cache) -> Result<Report, Failure> {
    let mut shown = Shown::new(args.verbose);
    let project = wasgi_build::detect(&app.folder, app.settings)?;
    let options = Options {
        cache: cache.clone(),
        output: app.output,
        warm: !args.no_warm,
    };
    let report = wasgi_build::build(&project, &options, &mut shown);
    shown.end();
    let report = report?;
    if !args.json {
        shown.tell(&report.to_string());
    }
    Ok(report)
}

/// What is to be built: the apps of the manifest that have source, else the folder itself.
fn wanted(args: &BuildArgs) -> Result<Vec<Wanted>, Failures> {
    let path = args.folder.join(MANIFEST);
    let (table, apps) = if path.is_file() {
        manifest::read_build(&path)?
    } else {
        (BuildTable::default(), Vec::new())
    };
    let names_one = args.module.is_some() || args.output.is_some();
    if names_one && apps.len() > 1 {
        let failure = Failure::usage(format!(
            "expected no --module and no --output: {} has {} apps with source",
            path.display(),
            apps.len()
        ));
        return Err(failure
            .hint("build them all, or name the folder of one")
            .into());
    }
    let mut wanted: Vec<_> = apps
        .into_iter()
        .map(|app| of_app(app, &args.folder, &table))
        .collect();
    if wanted.is_empty() {
        wanted.push(Wanted {
            folder: args.folder.clone(),
            settings: table.settings,
            output: table.output.map(|output| args.folder.join(output)),
        });
    }
    for app in &mut wanted {
        app.settings.module = args.module.clone().or(app.settings.module.take());
        app.output = args.output.clone().or(app.output.take());
    }
    Ok(wanted)
}

fn of_app(app: SourceApp, folder: &Path, table: &BuildTable) -> Wanted {
    let settings = table.settings_of(folder, app.module);
    let output = app.component.or_else(|| table.output.clone());
    Wanted {
        folder: folder.join(app.source),
        settings,
        output: output.map(|output| folder.join(output)),
    }
}
