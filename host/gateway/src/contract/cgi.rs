//! CGI (RFC 3875): a program that is run once for each request. It finds the request in its
//! environment and on its standard input, and prints the response.
//!
//! Owns how the program is run. What it is told is in [`variables`], what it answers in [`head`].

mod head;
mod stdio;
mod variables;

use std::sync::Arc;

use http::header::CONTENT_LENGTH;
use http::request::Parts;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};
use wasmtime::{Module, Store};
use wasmtime_wasi::I32Exit;

use self::head::HeadParser;
pub(crate) use self::stdio::{Stdin, Stdout};
use crate::app::App;
use crate::call::Call;
use crate::error::{Error, Kind};
use crate::failure;
use crate::push::Reply;
use crate::request::Origin;
use crate::response;
use crate::settings::AppSettings;
use crate::state::State;
use crate::wasi::{self, Form};

/// A program, checked against the host once for all of its runs.
pub(crate) enum Command {
    /// One that exports `wasi:cli/run@0.2`.
    Component {
        pre: InstancePre<State>,
        run: ComponentExportIndex,
    },
    /// One that exports `_start` and knows WASI's first version, as compilers emit it.
    Module { pre: wasmtime::InstancePre<State> },
}

impl Command {
    /// Adds what a module may import.
    pub(crate) fn link(linker: &mut wasmtime::Linker<State>) -> wasmtime::Result<()> {
        wasmtime_wasi::p1::add_to_linker_async(linker, State::preview1)
    }

    /// Matches a component's imports and exports with the host's.
    pub(crate) fn component(
        linker: &Linker<State>,
        component: &Component,
    ) -> wasmtime::Result<Self> {
        let run = component
            .get_export_index(None, "wasi:cli/run@0.2.0")
            .and_then(|run| component.get_export_index(Some(&run), "run"))
            .ok_or_else(|| wasmtime::format_err!("wasi:cli/run has no function run"))?;
        Ok(Self::Component {
            pre: linker.instantiate_pre(component)?,
            run,
        })
    }

    /// Matches a module's imports with the host's.
    pub(crate) fn module(
        linker: &wasmtime::Linker<State>,
        module: &Module,
    ) -> wasmtime::Result<Self> {
        let pre = linker.instantiate_pre(module)?;
        Ok(Self::Module { pre })
    }

    fn form(&self) -> Form {
        match self {
            Self::Component { .. } => Form::Component,
            Self::Module { .. } => Form::Module,
        }
    }

    /// Runs the program to its end.
    ///
    /// Only `_start` is called of a module: C's library calls what is to be called before `main`
    /// from there, and traps when `_initialize`, which a few modules export too, has done it.
    async fn run(&self, store: &mut Store<State>) -> Result<(), Failed> {
        match self {
            Self::Component { pre, run } => {
                let instance = pre.instantiate_async(&mut *store).await;
                let instance = instance.map_err(Failed::Instantiation)?;
                let function = instance.get_typed_func::<(), (Result<(), ()>,)>(&mut *store, run);
                let function = function.map_err(Failed::Instantiation)?;
                match function.call_async(store, ()).await {
                    Ok((Ok(()),)) => Ok(()),
                    Ok((Err(()),)) => Err(Failed::Exit(1)),
                    Err(error) => Err(Failed::of_run(error)),
                }
            }
            Self::Module { pre } => {
                let instance = pre.instantiate_async(&mut *store).await;
                let instance = instance.map_err(Failed::Instantiation)?;
                let start = instance.get_typed_func::<(), ()>(&mut *store, "_start");
                let start = start.map_err(Failed::Instantiation)?;
                start.call_async(store, ()).await.map_err(Failed::of_run)
            }
        }
    }
}

/// How a run ended that did not end well.
enum Failed {
    Instantiation(wasmtime::Error),
    Trap(wasmtime::Error),
    /// The program ended itself with this status, which is not zero.
    Exit(i32),
}

impl Failed {
    fn of_run(error: wasmtime::Error) -> Self {
        match error.downcast_ref::<I32Exit>() {
            Some(&I32Exit(status)) => Self::Exit(status),
            None => Self::Trap(error),
        }
    }
}

/// Runs a program for one request.
pub(crate) async fn serve(command: Arc<Command>, call: Call, reply: Reply) -> Result<(), Error> {
    let Call {
        app,
        parts,
        stream,
        origin,
        meter,
        permit,
        kept: _,
    } = call;
    let mut store = app.store(meter);
    let state = store.data_mut();
    state.begin(origin.request_id, stream);
    let settings = &app.settings;
    let parser = HeadParser::new(settings.limits.response_head, settings.cgi);
    let stdout = Stdout::new(reply, parser);
    let given = wasi::Command {
        stdin: Stdin::new(state.input.take()),
        stdout: stdout.clone(),
        env: environment(&parts, &origin, settings),
        args: variables::arguments(&parts.method, parts.uri.query()),
    };
    state.set_up_command(given, command.form());
    let result = command.run(&mut store).await;
    let status = match result {
        Ok(()) | Err(Failed::Exit(0)) => 0,
        Err(Failed::Exit(status)) => status,
        Err(Failed::Instantiation(error)) => {
            return Err(failure::of_instantiation(&error, store.data()));
        }
        Err(Failed::Trap(error)) => return Err(failure::of_call(&error, store.data())),
    };
    let ended = end(&app, &origin, &stdout, status);
    let ended = ended.map_err(|error| error.with_report(failure::report(None, store.data())));
    // The memory is free before the permit lets another request in.
    drop(store);
    drop(permit);
    ended
}

/// Ends the response of a program that has ended itself.
fn end(app: &App, origin: &Origin, stdout: &Stdout, status: i32) -> Result<(), Error> {
    let ended = stdout.finish();
    if status == 0 {
        return ended.map_err(response::bad);
    }
    if let Err(message) = ended {
        return Err(Error::new(
            Kind::GuestFailed,
            format!("it exited with status {status}: {message}"),
        ));
    }
    // The client has its response; whoever reads the log is to know.
    let (app, request) = (&app.settings.name, origin.request_id);
    tracing::warn!(app, %request, status, "the program exited with status {status}");
    Ok(())
}

/// The meta-variables that the manifest does not set.
fn environment(parts: &Parts, origin: &Origin, settings: &AppSettings) -> Vec<(String, String)> {
    let length = parts.headers.get(CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse().ok());
    let mut variables = variables::variables(parts, origin, length);
    variables.retain(|(name, _)| !settings.env.iter().any(|(granted, _)| granted == name));
    variables
}
