//! `wasgi serve`: carries out a plan.
//!
//! Owns the order of the start: all apps are loaded, then all addresses are taken or bound, then the
//! first line says so, then whoever waits for it is told. A failure before that line leaves nothing
//! behind.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::time::timeout;
use wasgi_gateway::Gateway;
use wasgi_server::{
    ApplyError, Apps, Desired, Refused, Reread, Server, SourceTree, Sources, State, Watching,
};

use crate::args::ServeArgs;
use crate::diagnostics::{Diagnostics, GuestLines};
use crate::failure::{Failure, Failures, cannot, reason};
use crate::hosting;
use crate::inherited::{Inherited, STATE};
use crate::life::{self, Life, Signals};
use crate::listeners::{self, Listener};
use crate::plan::{Plan, PlannedApp, Reading};
use crate::upgrade::Program;
use crate::{cache, operate, progress, source, state};

/// Time that threads get to end after the requests have. A guest that was cut off may hold one in a
/// call to the host's file system.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Loading takes longer than this only if something has to be compiled.
const WORDLESS_WAIT: Duration = Duration::from_secs(1);

/// Serves until a signal says to stop or another process has taken over, and then until the running
/// requests have ended.
pub(crate) fn run(args: &ServeArgs, mut inherited: Inherited) -> Result<(), Failures> {
    let program = Program::of_this_process().map_err(|error| cannot("find its file", &error))?;
    let at_first = read(args)?;
    let diagnostics = Diagnostics::hold(args.log, lines_of(&at_first));
    raise_open_files();
    let runtime = Runtime::new().map_err(|error| cannot("start threads", &error))?;
    let inside = runtime.enter();
    life::ignore_upgrades()?;

    let (watching, mut plan) = watch(&runtime, args, at_first)?;
    let state = open_state(args, &plan, &mut inherited)?;
    refuse_missing(&mut plan, state.as_deref())?;
    let options = hosting::gateway(
        &plan.hosting.compile,
        cache::folder(args),
        args.expose_errors,
        plan.instances(),
    );
    let gateway = Gateway::new(&options)?;
    let apps = Apps::new(gateway, state.clone(), hosting::options(&plan.hosting));
    let reread = reread(args, &plan);
    let (listen, config) = (plan.listen.clone(), plan.server.clone());
    let (desired, sources) = hosting::wanted(plan);
    let in_source = load(&runtime, &apps, desired, &sources)?;
    let listeners = listeners::open(&listen, &mut inherited)?;
    tell_of(&apps, &in_source, &listeners);
    // From here on a signal is heard. The second ends the requests that the first let run on.
    let life = Life::new(
        program,
        inherited,
        &listeners,
        state.as_deref(),
        Arc::clone(&apps),
        config.upgrade_wait,
    )?;
    let mut second = Signals::listen()?;
    let server = Server::new(config, Arc::clone(&apps)).map_err(|error| cannot("serve", &error))?;
    let addresses: Vec<_> = listeners.iter().map(|listener| listener.address).collect();
    let (stopping, stop) = oneshot::channel();
    let operating = operate::begin(
        state.as_deref(),
        &apps,
        addresses.clone(),
        life.upgrader(),
        stop,
    );
    diagnostics.announce(&addresses);

    match watching {
        Ok(watching) => drop(runtime.spawn(apps.follow(watching, sources, reread))),
        Err(error) => tracing::warn!("changed files are not noticed: {}", reason(&error)),
    }
    let sockets = listeners.into_iter().map(|listener| listener.socket);
    let serving = server.run(sockets.collect(), async move {
        let shutdown = life.until_its_end().await;
        drop(stopping);
        shutdown
    });
    let result = runtime.block_on(async move {
        tokio::select! {
            ((), ()) = async { tokio::join!(serving, operating) } => Ok(()),
            () = async { second.next().await; second.next().await } => Err(Failure::run_time(
                "a second signal ended the server before its requests had ended",
            )),
        }
    });
    drop(inside);
    runtime.shutdown_timeout(LAST_WAIT);
    Ok(result?)
}

/// Watches all that a plan names, and reads it again: it may have changed until it was watched.
fn watch(
    runtime: &Runtime,
    args: &ServeArgs,
    mut plan: Plan,
) -> Result<(io::Result<Watching>, Plan), Failures> {
    source::provide(&mut plan, cache::folder_of_source(args))?;
    let (desired, sources) = hosting::wanted(plan);
    let watching = runtime.block_on(Watching::start(&desired, &sources));
    let mut plan = read(args)?;
    source::provide(&mut plan, cache::folder_of_source(args))?;
    Ok((watching, plan))
}

/// Loads the apps. Returns the source of those that are served from it.
fn load(
    runtime: &Runtime,
    apps: &Arc<Apps>,
    desired: Desired,
    sources: &Sources,
) -> Result<Vec<SourceTree>, Failures> {
    let run = desired.apps.iter().filter_map(|app| app.source.clone());
    let trees = run.chain(sources.trees.iter().cloned()).collect();
    runtime
        .block_on(patiently(apps.apply(desired)))
        .map_err(refused)?;
    Ok(trees)
}

/// Tells whoever waits for a long first start what it waits for.
async fn patiently<T>(loading: impl Future<Output = T>) -> T {
    let mut loading = pin!(loading);
    match timeout(WORDLESS_WAIT, &mut loading).await {
        Ok(loaded) => loaded,
        Err(_) => {
            progress::tell("compiling components for this machine, once");
            loading.await
        }
    }
}

/// The form of what guests write: who develops an app wants to read it as it was written.
fn lines_of(plan: &Plan) -> GuestLines {
    match plan.apps.iter().any(PlannedApp::is_in_source) {
        true => GuestLines::Plain,
        false => GuestLines::Labelled,
    }
}

/// Says what is served, and what serving source means.
fn tell_of(apps: &Apps, in_source: &[SourceTree], listeners: &[Listener]) {
    for app in apps.list() {
        tracing::info!(app = app.name, routes = app.routes.join(" "), "serving");
    }
    for tree in in_source {
        let folder = tree.folder.display();
        tracing::info!("serving the source in {folder}, for development: changes show at once");
    }
    let is_public = |listener: &&Listener| !listener.address.ip().is_loopback();
    if let Some(listener) = listeners.iter().find(is_public)
        && !in_source.is_empty()
    {
        let address = listener.address;
        tracing::warn!(
            "whoever reaches {address} sees the source lines of errors; \
             `wasgi build` makes a component that shows none"
        );
    }
}

/// Reads the plan. If it is wrong, what it lacks is told of too.
fn read(args: &ServeArgs) -> Result<Plan, Failures> {
    let Reading {
        mut plan,
        mut wrong,
    } = Plan::read(args);
    if !wrong.is_empty() {
        for app in &mut plan.apps {
            wrong.extend(app.missing.drain(..));
        }
    }
    wrong.into_result().map(|()| plan)
}

/// Opens the folder of the releases. One that nobody asked for is done without.
fn open_state(
    args: &ServeArgs,
    plan: &Plan,
    inherited: &mut Inherited,
) -> Result<Option<Arc<State>>, Failure> {
    let told = args.state.as_deref().or(plan.hosting.state.as_deref());
    let Some(folder) = state::folder(told, &args.targets, args.config.as_deref()) else {
        tracing::warn!("releases are not kept: there is no home for them; `--state` names one");
        return Ok(None);
    };
    let adopted = inherited
        .descriptors(STATE)
        .into_iter()
        .next()
        .and_then(|lock| State::adopt(&folder, lock).ok());
    let opened = match adopted {
        Some(state) => Ok(state),
        None => State::open(&folder),
    };
    match opened {
        Ok(state) => Ok(Some(Arc::new(state))),
        Err(error) if told.is_some() => Err(Failure::run_time(wasgi_server::chain(&error))),
        Err(error) => {
            let error = wasgi_server::chain(&error);
            tracing::warn!("releases are not kept: {error}; `--state` names another folder");
            Ok(None)
        }
    }
}

/// Refuses apps whose files are missing, unless a release of theirs is kept.
fn refuse_missing(plan: &mut Plan, state: Option<&State>) -> Result<(), Failures> {
    let mut missing = Failures::default();
    for app in &mut plan.apps {
        let record = state.and_then(|state| state.read(&app.settings.name).ok().flatten());
        if record.is_none_or(|record| record.active.is_none()) {
            missing.extend(app.missing.drain(..));
        }
    }
    missing.into_result()
}

/// Reads the same targets again, for when they have changed.
fn reread(args: &ServeArgs, plan: &Plan) -> Arc<Reread> {
    let args = args.clone();
    let at_start = (
        plan.listen.clone(),
        plan.server.clone(),
        plan.hosting.clone(),
    );
    Arc::new(move || {
        let Reading { mut plan, wrong } = Plan::read(&args);
        wrong.into_result().map_err(|wrong| wrong.to_string())?;
        source::provide(&mut plan, cache::folder_of_source(&args))
            .map_err(|wrong| wrong.to_string())?;
        let (listen, server, mut hosting) = at_start.clone();
        // This one holds at once.
        hosting.default.clone_from(&plan.hosting.default);
        if (&plan.listen, &plan.server, &plan.hosting) != (&listen, &server, &hosting) {
            tracing::warn!("what [server] says holds from the next start on, or `wasgi upgrade`");
        }
        Ok(hosting::wanted(plan))
    })
}

fn refused(error: ApplyError) -> Failures {
    match error {
        ApplyError::Conflict(conflict) => Failure::usage(conflict.to_string()).into(),
        ApplyError::Apps(apps) => {
            let mut failures = Failures::default();
            failures.extend(apps.into_iter().map(|(name, refused)| match refused {
                Refused::Load(error) => error.into(),
                refused => Failure::run_time(format!("cannot serve {name}: {refused}")),
            }));
            failures
        }
    }
}

/// Lifts the limit of open files to what the machine allows: each connection is one. Where that is
/// refused, the lower limit holds.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    if let Err(error) = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    ) {
        tracing::debug!(%error, "cannot raise the limit of open files");
    }
}
