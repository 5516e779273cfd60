//! From a plan to what the server is given: the apps that are wanted, and how they are kept.
//!
//! Owns nothing but the translation. It reads no file.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use wasgi_gateway::{AppSettings, CompileLimits, DebugInfo, GatewayOptions};
use wasgi_server::{AppSpec, AppsOptions, Desired, Load, ProgramSpec, Sources};

use crate::plan::{CompileSettings, Hosting, LoadChoice, Plan, PlannedApp};
use crate::{compiler, source};

/// The apps that a plan wants, and what they come from.
pub(crate) fn wanted(plan: Plan) -> (Desired, Sources) {
    let sources = Sources {
        manifests: plan
            .sources
            .manifest
            .into_iter()
            .chain(plan.sources.declarations)
            .collect(),
        folders: plan.sources.folders.into_iter().collect(),
        trees: plan.apps.iter().flat_map(source::built_trees).collect(),
    };
    let desired = Desired {
        apps: plan.apps.into_iter().map(spec).collect(),
        redirects: plan.redirects,
        default: plan.hosting.default,
    };
    (desired, sources)
}

fn spec(app: PlannedApp) -> AppSpec {
    let source = source::tree(&app);
    let weight = app.weight;
    let weighed = |settings| AppSettings { weight, ..settings };
    let middleware = app.middleware.into_iter().map(|program| ProgramSpec {
        component: program.component,
        settings: weighed(program.settings),
        outbound: program.outbound,
        sql: program.sql,
    });
    AppSpec {
        program: ProgramSpec {
            component: app.component,
            settings: weighed(app.settings),
            outbound: app.outbound,
            sql: app.sql,
        },
        middleware: middleware.collect(),
        routes: app.routes,
        health: app.health,
        source,
    }
}

/// How apps are kept.
pub(crate) fn options(hosting: &Hosting) -> AppsOptions {
    let default = AppsOptions::DEFAULT;
    AppsOptions {
        load: hosting.load.map(|load| match load {
            LoadChoice::Eager => Load::Eager,
            LoadChoice::Lazy => Load::Lazy,
        }),
        idle: hosting.app_idle.unwrap_or(default.idle),
        releases: hosting
            .releases
            .map_or(default.releases, |releases| releases as usize),
    }
}

/// How components are compiled and cached: by this program, in a process of its own.
pub(crate) fn gateway(
    settings: &CompileSettings,
    cache: Option<PathBuf>,
    expose_errors: bool,
    instances: usize,
) -> GatewayOptions {
    let default = CompileLimits::of_this_machine();
    let processes = settings
        .processes
        .and_then(|processes| NonZeroUsize::new(processes as usize));
    let limits = CompileLimits {
        memory: settings.memory.unwrap_or(default.memory),
        cpu: settings.cpu.unwrap_or(default.cpu),
        wall: settings.wall.unwrap_or(default.wall),
        processes: processes.unwrap_or(default.processes),
    };
    GatewayOptions {
        cache,
        compiler: compiler::process(limits),
        // Both are for development, where components are trusted.
        debug_info: match expose_errors {
            true => DebugInfo::Used,
            false => DebugInfo::Ignored,
        },
        instances,
    }
}
