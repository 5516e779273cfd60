//! `cargo xtask bench`: what a request costs the server, beside a bare hyper on the same machine
//! in the same minute.
//!
//! The measure is the server's CPU time; nothing here fails on a clock. A wrong answer fails.
//! `tests/bench/README.md` says how to read the results and what is fair about them.

mod apache;
mod apps;
mod compared;
mod contender;
mod contracts;
mod hello;
mod http;
mod idle;
mod languages;
mod live;
mod load;
mod neighbour;
mod nginx;
mod process;
mod python;
mod report;
mod rounds;
mod start;
mod stream;
mod versions;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;

use crate::command::run as run_command;
use crate::guests::{self, Selection};
use crate::workspace::Workspace;
use contender::Contender;
use process::Server;
use report::Report;

/// What to measure.
#[derive(Parser)]
pub(crate) struct Options {
    /// Only check that every part still works, in a few seconds
    #[arg(long)]
    smoke: bool,
    /// Seconds of each measured round
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Measure one part only
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// The `wasmtime` to compare with, if it is not on PATH
    #[arg(long, value_name = "FILE")]
    wasmtime: Option<PathBuf>,
    /// Write the results to `tests/bench/runs/DATE-LABEL`
    #[arg(long, value_name = "LABEL")]
    label: Option<String>,
}

impl Options {
    /// A quick check that the benchmarks work.
    pub(crate) fn smoke() -> Self {
        Self {
            smoke: true,
            seconds: 0.1,
            only: None,
            wasmtime: None,
            label: None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// CPU time per request, requests a second, latency
    Hello,
    /// The same over each contract, beside `wasmtime serve` of the same file
    Contracts,
    /// Time from the start of the process to its listening
    Start,
    /// A gigabyte down and a gigabyte up over each contract, with peak memory
    Stream,
    /// Memory of idle connections
    Idle,
    /// Latency beside an app that wants all of the CPU, and what two such apps get
    Neighbour,
    /// A thousand reloads under load
    Live,
    /// A thousand apps in one host
    Apps,
    /// Flask and Django, beside gunicorn and granian; measured only when it is asked for
    Python,
    /// A text in each language, beside what serves it today; measured only when it is asked for
    Languages,
}

/// How much of everything is measured.
struct Scale {
    rounds: u32,
    round: Duration,
    starts: usize,
    stream_chunks: u64,
    idle_connections: usize,
    neighbour_rounds: u32,
    neighbour_samples: usize,
    reloads: u32,
    apps: u32,
}

impl Scale {
    fn full(seconds: f64) -> Self {
        Self {
            rounds: 7,
            round: Duration::from_secs_f64(seconds),
            starts: 20,
            stream_chunks: 16 * 1024,
            idle_connections: 10_000,
            neighbour_rounds: 3,
            neighbour_samples: 5_000,
            reloads: 1_000,
            apps: 1_000,
        }
    }

    fn smoke() -> Self {
        Self {
            rounds: 1,
            round: Duration::from_millis(100),
            starts: 2,
            stream_chunks: 256,
            idle_connections: 100,
            neighbour_rounds: 1,
            neighbour_samples: 100,
            reloads: 5,
            apps: 5,
        }
    }
}

/// What every part needs: the programs, the guests, a scratch folder.
struct Bench<'a> {
    workspace: &'a Workspace,
    scale: Scale,
    wasmtime: Option<PathBuf>,
    /// Compiled code and manifests; nothing of the developer's own cache is used.
    scratch: TempDir,
}

type Measure = fn(&Bench<'_>, &mut Report) -> Result<()>;

/// Measures, prints the results as Markdown, and writes those of a full run down.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    guests::build(workspace, Selection::All)?;
    workspace.build_host()?;
    run_command(&mut workspace.cargo(&["build", "--release", "-p", "bench-bare-hyper"]))?;
    let scale = if options.smoke {
        Scale::smoke()
    } else {
        Scale::full(options.seconds)
    };
    allow_files(scale.idle_connections)?;
    let bench = Bench {
        workspace,
        scale,
        wasmtime: wasmtime(options.wasmtime.as_deref())?,
        scratch: TempDir::with_prefix("wasgi-bench-")?,
    };
    let mut report = Report::new(options.smoke);
    let parts: [(Part, Measure); 8] = [
        (Part::Hello, hello::measure),
        (Part::Contracts, contracts::measure),
        (Part::Start, start::measure),
        (Part::Stream, stream::measure),
        (Part::Idle, idle::measure),
        (Part::Neighbour, neighbour::measure),
        (Part::Live, live::measure),
        (Part::Apps, apps::measure),
    ];
    match options.only {
        Some(Part::Python) => python::measure(&bench, &mut report)?,
        Some(Part::Languages) => languages::measure(&bench, &mut report)?,
        _ => {}
    }
    for (part, measure) in parts {
        if options.only.is_none_or(|only| only == part) {
            measure(&bench, &mut report)?;
        }
    }
    if !options.smoke && (options.only.is_none() || options.label.is_some()) {
        report.save(
            workspace,
            options.label.as_deref(),
            bench.wasmtime.as_deref(),
        )?;
    }
    Ok(())
}

impl Bench<'_> {
    fn guest(&self, name: &str) -> PathBuf {
        self.workspace.guests().join(format!("{name}.wasm"))
    }

    /// A component of the application in this folder.
    fn build(&self, source: &Path) -> Result<PathBuf> {
        let name = source.file_name().context("a folder has a name")?;
        let output = self.scratch.path().join(name).with_extension("wasm");
        run_command(
            Command::new(self.workspace.binary("wasgi"))
                .arg("build")
                .arg(source)
                .arg("--output")
                .arg(&output),
        )?;
        Ok(output)
    }

    /// A `wasgi serve` on a free port, with its own cache of compiled code.
    fn wasgi(&self, name: &str, arguments: &[&str]) -> Result<Server> {
        Server::start(name, &mut self.wasgi_command(arguments))
    }

    fn wasgi_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.workspace.binary("wasgi"));
        command
            .arg("serve")
            .args(arguments)
            .arg("--cache")
            .arg(self.scratch.path().join("cache"))
            .env("XDG_STATE_HOME", self.scratch.path().join("state"));
        command
    }

    /// A `wasgi serve` beside other servers, at an address that is chosen for it.
    fn contender(
        &self,
        name: &'static str,
        served: &Path,
        arguments: &[&str],
    ) -> Result<Contender> {
        Contender::start(name, false, |address| {
            let file = served.to_string_lossy();
            let address = format!("--addr={address}");
            let mut all = vec![&*file, &address, "--access-log=off"];
            all.extend(arguments);
            Ok(self.wasgi_command(&all))
        })
    }

    fn wasgi_guest(&self, name: &str, guest: &str, arguments: &[&str]) -> Result<Server> {
        let guest = self.guest(guest);
        let guest = guest.to_string_lossy();
        self.wasgi(
            name,
            &[&[guest.as_ref(), "--addr=127.0.0.1:0"], arguments].concat(),
        )
    }

    /// A `wasgi serve` of several apps, from a manifest that is written for it.
    fn wasgi_manifest(&self, name: &str, apps: &str) -> Result<Server> {
        let file = self.scratch.path().join(format!("{name}.toml"));
        let server = "[server]\nlisten = [\"127.0.0.1:0\"]\naccess-log = \"off\"\n";
        fs::write(&file, format!("{server}{apps}"))?;
        self.wasgi(name, &["--config", &file.to_string_lossy()])
    }

    /// A `wasmtime serve` on a free port, if there is a wasmtime to compare with.
    fn wasmtime_serve(
        &self,
        name: &str,
        guest: &str,
        arguments: &[&str],
    ) -> Result<Option<Server>> {
        let Some(wasmtime) = &self.wasmtime else {
            return Ok(None);
        };
        let mut command = Command::new(wasmtime);
        command.args(["serve", "--addr=127.0.0.1:0"]);
        command.args(arguments).arg(self.guest(guest));
        Ok(Some(Server::start(name, &mut command)?))
    }

    fn bare_hyper(&self) -> Result<Server> {
        Server::start(
            "bare hyper",
            &mut Command::new(self.workspace.binary("bench-bare-hyper")),
        )
    }
}

/// The wasmtime to compare with: the one that was asked for, else the one on PATH, if any.
fn wasmtime(asked: Option<&Path>) -> Result<Option<PathBuf>> {
    if let Some(file) = asked {
        if !file.is_file() {
            bail!("there is no {}", file.display());
        }
        return Ok(Some(file.to_owned()));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(env::split_paths(&path)
        .map(|folder| folder.join("wasmtime"))
        .find(|file| file.is_file()))
}

/// Raises the limit of open files for this process and the servers that it starts.
fn allow_files(connections: usize) -> Result<()> {
    let wanted = connections as u64 + 1_000;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        let maximum = limit.maximum.map(|maximum| maximum.max(wanted));
        let raised = Rlimit {
            current: Some(wanted),
            maximum,
        };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            bail!("cannot open {wanted} files: {error}; run `ulimit -Hn {wanted}` as root first");
        }
    }
    Ok(())
}
