//! The command line: what may be said, and what it means.
//!
//! Owns the flags and their help. It reads no file and decides nothing: see `plan`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use self::admin::{AdminCommand, DeployArgs, HostArgs, RollbackArgs, SplitArgs};
pub(crate) use self::build::BuildArgs;
pub(crate) use self::new::NewArgs;
use crate::address;

mod admin;
mod build;
mod new;

/// Serve WebAssembly components as sandboxed web applications.
#[derive(Debug, Parser)]
#[command(name = "wasgi", version, arg_required_else_help = true)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a project from a template.
    New(NewArgs),
    /// Serve components over HTTP.
    Serve(ServeArgs),
    /// Build a component from a folder of source.
    Build(BuildArgs),
    /// Validate a manifest and all that it names, without serving.
    Check(CheckArgs),
    /// Show what a component is, what it asks for and what it costs.
    Inspect(InspectArgs),
    /// Ask a host that runs, or tell it what to do.
    #[command(flatten)]
    Admin(AdminCommand),
    /// Compile a component for a host that started this process.
    #[command(hide = true)]
    Compile,
}

/// The arguments of `wasgi serve`.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ServeArgs {
    /// A component, a folder of them, or an app in source: a project's folder, or
    /// `module:attribute` in Python.
    ///
    /// A lone file answers at `/`, one of several at `/NAME`. A folder is served by its
    /// `wasgi.toml`; without one, each `NAME.wasm` in it answers at `/NAME`; without any, it is a
    /// project. Source is for development: changes show at once, and errors with their traceback.
    #[arg(value_name = "TARGET", required_unless_present = "config")]
    pub(crate) targets: Vec<PathBuf>,

    /// Serve apps from their source, also those that were built.
    #[arg(long)]
    pub(crate) dev: bool,

    /// Listen on this address; may be repeated. Port 0 takes a free one.
    ///
    /// It replaces the addresses of the manifest. Without either: 127.0.0.1:8080.
    #[arg(long, value_name = "HOST:PORT", value_parser = address::parse)]
    pub(crate) addr: Vec<SocketAddr>,

    /// How long an instance lives: for one `request`, or `reuse`d by several.
    ///
    /// It holds for every app, whatever the manifest says. Without either: `request`.
    #[arg(long, value_name = "HOW")]
    pub(crate) isolation: Option<IsolationChoice>,

    /// Take the server's settings and the apps from this manifest.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// The form of the access log on standard output.
    ///
    /// It replaces the form of the manifest. Without either: `combined`.
    #[arg(long, value_name = "FORM")]
    pub(crate) access_log: Option<AccessLogChoice>,

    /// The least severe diagnostics that are written to standard error.
    #[arg(long, value_name = "LEVEL", default_value = DEFAULT_LOG)]
    pub(crate) log: LogLevel,

    /// Show clients why an app failed, with its backtrace. For development only.
    #[arg(long)]
    pub(crate) expose_errors: bool,

    /// Keep releases in this folder, and listen there for commands.
    ///
    /// It replaces the folder of the manifest. Without either: one of its own for these targets
    /// below `wasgi` in `$XDG_STATE_HOME` or in `~/.local/state`.
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,

    /// Keep compiled components in this folder.
    ///
    /// Without it: `wasgi` in `$XDG_CACHE_HOME` or in `~/.cache`.
    #[arg(long, value_name = "DIR", conflicts_with = "no_cache")]
    pub(crate) cache: Option<PathBuf>,

    /// Compile each component anew and keep nothing.
    #[arg(long)]
    pub(crate) no_cache: bool,
}

// Failed requests and what the guests write, but nothing for a request that went well: those are
// in the access log.
const DEFAULT_LOG: &str = "info";

/// The arguments of `wasgi check`.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct CheckArgs {
    /// What `wasgi serve` would be told to serve.
    #[arg(value_name = "TARGET", required_unless_present = "config")]
    pub(crate) targets: Vec<PathBuf>,

    /// Take the server's settings and the apps from this manifest.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Also compile each component, which finds imports that the host does not have. It is slow,
    /// and what is compiled is not kept.
    #[arg(long)]
    pub(crate) compile: bool,

    /// Write JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The arguments of `wasgi inspect`.
#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// The component.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Write JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How long an instance lives, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum IsolationChoice {
    /// A fresh instance for each request. Nothing survives it.
    Request,
    /// An instance answers several requests: one at a time, or as many as its contract allows.
    Reuse,
}

/// The form of the access log, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AccessLogChoice {
    /// The combined log format of the Apache HTTP server.
    Combined,
    /// One JSON object a line.
    Json,
    /// No access log.
    Off,
}

/// How severe a diagnostic must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Nothing.
    Off,
    /// Failures of a guest or of the host.
    Error,
    /// What an operator should look at.
    Warn,
    /// What happens, but for requests that go well.
    #[default]
    Info,
    /// What a developer of an app wants to know.
    Debug,
    /// What a developer of wasgi wants to know.
    Trace,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn definition_holds() {
        Args::command().debug_assert();
    }

    #[test]
    fn serve_needs_a_target_or_a_manifest() {
        let parse = |line: &str| Args::try_parse_from(line.split(' ')).map(|_| ());
        for good in [
            "wasgi serve a.wasm",
            "wasgi serve --config wasgi.toml",
            "wasgi serve a b",
            "wasgi check a --compile --json",
            "wasgi check --config wasgi.toml",
            "wasgi new",
            "wasgi new flask",
            "wasgi new flask Shop --name shop",
            "wasgi new --list",
            "wasgi build",
            "wasgi build shop --module app:app --output a.wasm --no-warm --json",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "wasgi serve",
            "wasgi serve a --isolation none",
            "wasgi serve a --cache b --no-cache",
            "wasgi serve a --addr 8080",
            "wasgi check",
            "wasgi inspect",
            "wasgi new flask --name shop",
            "wasgi new flask --list",
            "wasgi build a b",
            "wasgi build --json --verbose",
        ] {
            assert_eq!(parse(bad).expect_err(bad).exit_code(), 2, "{bad}");
        }
    }
}
