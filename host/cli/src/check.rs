//! `wasgi check`: whether `wasgi serve` would start, and what it would serve.
//!
//! Owns what is asked of each component, and the two forms of the answer. It compiles nothing
//! unless it is told to, and binds nothing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use wasgi_gateway::{Binary, Contract, Gateway, Inspection};

use self::report::Report;
use crate::args::{CheckArgs, ServeArgs};
use crate::failure::{Failure, Failures, Place};
use crate::hosting;
use crate::plan::{Plan, PlannedApp, Reading};

mod report;

/// Checks all that the arguments name. The text is for standard output.
pub(crate) fn run(args: &CheckArgs) -> (String, Failures) {
    let serve = ServeArgs {
        targets: args.targets.clone(),
        config: args.config.clone(),
        ..ServeArgs::default()
    };
    let Reading { plan, mut wrong } = Plan::read(&serve);
    let mut components = Components::default();
    if args.compile {
        let options = hosting::gateway(&plan.hosting.compile, None, false, 1);
        match Gateway::new(&options) {
            Ok(gateway) => components.gateway = Some(gateway),
            Err(error) => wrong.extend([error.into()]),
        }
    }
    for app in &plan.apps {
        wrong.extend(components.check_app(app));
    }
    let report = Report {
        plan: &plan,
        contracts: &components.contracts(),
        wrong: &wrong,
    };
    let text = match (args.json, wrong.is_empty()) {
        (true, _) => report.json(),
        (false, true) => report.table(),
        (false, false) => String::new(),
    };
    (text, wrong)
}

/// The components that were looked into, each once.
#[derive(Default)]
struct Components {
    inspections: HashMap<PathBuf, Result<Inspection, Failure>>,
    /// Compiles them too.
    gateway: Option<Gateway>,
}

/// What a component is to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    App,
    Middleware,
}

impl Components {
    /// What is wrong with an app's components, and with what else it names.
    fn check_app(&mut self, app: &PlannedApp) -> Vec<Failure> {
        let mut wrong = app.missing.clone();
        let is_built = |source: &Option<_>| source.is_none();
        let own = (&app.component, &app.place, Role::App);
        let own = is_built(&app.source).then_some(own);
        let middleware = app.middleware.iter().filter(|one| is_built(&one.source));
        let middleware = middleware.map(|one| (&one.component, &one.place, Role::Middleware));
        for (file, place, role) in middleware.chain(own) {
            // A file that is missing was told of already.
            if wrong.is_empty() || file.exists() {
                wrong.extend(self.check(file, place.as_ref(), role));
            }
        }
        wrong
    }

    fn check(&mut self, file: &Path, place: Option<&Place>, role: Role) -> Option<Failure> {
        let found = self
            .inspections
            .entry(file.to_owned())
            .or_insert_with(|| inspect(file, self.gateway.as_ref()));
        let failure = match found {
            Ok(inspection) => misplaced(file, inspection, role)?,
            Err(failure) => failure.clone(),
        };
        Some(failure.at(place.cloned()))
    }

    fn contracts(&self) -> HashMap<&Path, Contract> {
        self.inspections
            .iter()
            .filter_map(|(file, found)| Some((file.as_path(), found.as_ref().ok()?.contract?)))
            .collect()
    }
}

fn inspect(file: &Path, gateway: Option<&Gateway>) -> Result<Inspection, Failure> {
    let binary = Binary::read(file)?;
    let inspection = wasgi_gateway::inspect(&binary)?;
    if inspection.contract.is_none() {
        let exports = match &inspection.exports[..] {
            [] => "nothing".to_owned(),
            exports => exports.join(", "),
        };
        let accepted = Contract::ALL.map(Contract::interface).join(", ");
        let name = file.display();
        return Err(Failure::run_time(format!(
            "cannot serve {name}: it exports {exports}, but one of these was expected: {accepted}"
        ))
        .hint("build the app for one of these contracts"));
    }
    if let Some(gateway) = gateway {
        gateway.load(&binary)?;
    }
    Ok(inspection)
}

/// Why a good component is not good here.
fn misplaced(file: &Path, inspection: &Inspection, role: Role) -> Option<Failure> {
    let is_middleware = inspection.is_middleware();
    let name = file.display();
    match role {
        Role::App if is_middleware => Some(
            Failure::run_time(format!(
                "expected an app, but {name} is a middleware: it wraps another app"
            ))
            .hint("name it in the `middleware` of an `[[app]]`"),
        ),
        Role::Middleware if !is_middleware => Some(
            Failure::run_time(format!(
                "expected a middleware, but {name} does not import wasgi:gateway/app"
            ))
            .hint("name an app as the `component` of an `[[app]]`"),
        ),
        Role::App | Role::Middleware => None,
    }
}
