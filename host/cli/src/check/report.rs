//! The answer of `wasgi check`: a table for people, JSON for programs.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};
use wasgi_gateway::Contract;

use crate::failure::{Cause, Failure, Failures};
use crate::plan::{LoadChoice, Plan, PlannedApp};

/// What is told.
pub(super) struct Report<'a> {
    /// What would be served.
    pub(super) plan: &'a Plan,
    /// The contracts of the components that could be read.
    pub(super) contracts: &'a HashMap<&'a Path, Contract>,
    /// What is wrong.
    pub(super) wrong: &'a Failures,
}

impl Report<'_> {
    /// One line for each app.
    pub(super) fn table(&self) -> String {
        let rows: Vec<_> = self.plan.apps.iter().map(|app| self.row(app)).collect();
        let mut widths = [0; 4];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let mut table = String::new();
        for row in rows {
            for (width, cell) in widths.into_iter().zip(row) {
                write!(table, "{cell:<width$}  ").expect("a string takes every write");
            }
            table.push_str("ok\n");
        }
        table
    }

    fn row(&self, app: &PlannedApp) -> [String; 4] {
        let files: Vec<_> = app
            .programs()
            .map(|(file, _)| file.display().to_string())
            .collect();
        let contract = self.contracts.get(app.component.as_path());
        let unknown = if app.source.is_some() {
            "source"
        } else {
            "unknown"
        };
        [
            app.settings.name.clone(),
            routes(app).join(", "),
            files.join(" > "),
            contract
                .map_or(unknown, |contract| contract.interface())
                .to_owned(),
        ]
    }

    /// What would be served, and what is wrong.
    pub(super) fn json(&self) -> String {
        let plan = self.plan;
        let hosting = &plan.hosting;
        let compile = &hosting.compile;
        let milliseconds = |time: std::time::Duration| time.as_millis();
        let report = json!({
            "ok": self.wrong.is_empty(),
            "server": {
                "listen": plan.listen,
                "state": hosting.state,
                "default": hosting.default,
                "load": hosting.load.map(|load| match load {
                    LoadChoice::Eager => "eager",
                    LoadChoice::Lazy => "lazy",
                }),
                "app_idle_milliseconds": hosting.app_idle.map(milliseconds),
                "releases": hosting.releases,
                "compile": {
                    "memory_bytes": compile.memory,
                    "cpu_milliseconds": compile.cpu.map(milliseconds),
                    "wall_milliseconds": compile.wall.map(milliseconds),
                    "processes": compile.processes,
                },
            },
            "apps": plan.apps.iter().map(|app| self.app(app)).collect::<Vec<_>>(),
            "redirects": plan.redirects.len(),
            "sources": plan.sources,
            "errors": self.wrong.iter().map(Fault::from).collect::<Vec<_>>(),
            "more_errors": self.wrong.more(),
        });
        format!("{report:#}\n")
    }

    fn app(&self, app: &PlannedApp) -> Value {
        let contract = |file: &Path| self.contracts.get(file);
        json!({
            "name": app.settings.name,
            "routes": routes(app),
            "component": app.component,
            "contract": contract(&app.component),
            "health": app.health,
            "weight": app.weight,
            "middleware": app.middleware.iter().map(|one| json!({
                "name": one.settings.name,
                "component": one.component,
                "contract": contract(&one.component),
            })).collect::<Vec<_>>(),
        })
    }
}

fn routes(app: &PlannedApp) -> Vec<String> {
    app.routes.iter().map(ToString::to_string).collect()
}

/// An error, for programs.
#[derive(Serialize)]
struct Fault<'a> {
    cause: &'static str,
    file: Option<&'a Path>,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
    hint: Option<&'a str>,
}

impl<'a> From<&'a Failure> for Fault<'a> {
    fn from(failure: &'a Failure) -> Self {
        let place = failure.place.as_ref();
        Self {
            cause: match failure.cause {
                Cause::Usage => "usage",
                Cause::RunTime => "run-time",
            },
            file: place.map(|place| &*place.file),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            message: &failure.message,
            hint: failure.hint.as_deref(),
        }
    }
}
