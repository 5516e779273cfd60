//! Python: the same applications in wasgi and in what their users run today.
//!
//! Needs `python3` and a package index: gunicorn and granian are installed into a folder of their
//! own, the components are made with `wasgi build`. Apache is measured where it is installed.

mod apache;
mod contender;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::Bench;
use super::load::percentile;
use super::report::{Report, median};
use crate::command::run;
use crate::venv::Venv;

use contender::Contender;

const PART: &str = "python";

/// What is asked of the servers.
struct Case {
    name: &'static str,
    /// Its folder in `tests/bench/python`.
    folder: &'static str,
    /// The application, as gunicorn names it.
    module: &'static str,
    path: &'static str,
    goals: [&'static str; 2],
}

const CASES: [Case; 3] = [
    Case {
        name: "Flask, a text",
        folder: "flask",
        module: "hello:app",
        path: "/",
        goals: ["≤ 0.8", "≤ 3000 µs"],
    },
    Case {
        name: "Flask, a template of 20 rows",
        folder: "flask",
        module: "hello:app",
        path: "/page",
        goals: ["≤ 1.3", ""],
    },
    Case {
        name: "Django, a text",
        folder: "django",
        module: "polls:app",
        path: "/",
        goals: ["≤ 1.3", ""],
    },
];

/// Measures each case on each server, one connection at a time.
pub(super) fn measure(bench: &Bench<'_>, report: &mut Report) -> Result<()> {
    let source = bench.workspace.root.join("tests/bench/python");
    let tools = install(bench, &source)?;
    for case in &CASES {
        let source = source.join(case.folder);
        let component = build(bench, &source)?;
        let servers = servers(bench, &source, &tools, &component, case)?;
        let figures = rounds(bench, report, case, &servers)?;
        report.table(
            &format!(
                "Python: {} (one connection, medians of the rounds)",
                case.name
            ),
            &HEADER,
            rows(case, &servers, &figures),
        );
    }
    streams(bench, report, &source.join("stream"))
}

/// Many slow answers of one application at once.
fn streams(bench: &Bench<'_>, report: &mut Report, source: &Path) -> Result<()> {
    let component = build(bench, source)?;
    let folder = bench.scratch.path().join("streams");
    fs::create_dir_all(&folder)?;
    let manifest = format!(
        "[[app]]\ncomponent = {:?}\npath = \"/\"\nlimits = {{ concurrency = {STREAMS} }}\n",
        component.to_string_lossy()
    );
    fs::write(folder.join("wasgi.toml"), manifest)?;
    let mut server = wasgi(bench, "wasgi, fresh", &folder, &[])?;
    server.wait("/")?;
    let alone = server.memory()?;
    let memory = server.stream("/", STREAMS)?;
    let mib = |bytes: u64| bytes as f64 / 1024.0 / 1024.0;
    report.raw(PART, "streams", 1, "memory MiB", mib(memory));
    report.table(
        &format!("Python: {STREAMS} slow streams of one application at once"),
        &["server", "memory before, MiB", "memory, MiB", "goal"],
        vec![vec![
            server.name.to_owned(),
            format!("{:.0}", mib(alone)),
            format!("{:.0}", mib(memory)),
            "≤ 400".to_owned(),
        ]],
    );
    Ok(())
}

/// How many streams are open at once.
const STREAMS: usize = 200;

const HEADER: [&str; 7] = [
    "server",
    "CPU µs/request",
    "ratio to gunicorn sync",
    "p50 µs",
    "p99 µs",
    "memory, MiB",
    "goal",
];

#[derive(Default)]
struct Figures {
    cpu: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    memory: f64,
}

/// The servers to compare with and the applications' requirements; the folder of the programs.
fn install(bench: &Bench<'_>, source: &Path) -> Result<PathBuf> {
    let folder = bench.workspace.target.join("bench-python");
    let requirements = [
        "servers.txt",
        "flask/requirements.txt",
        "django/requirements.txt",
    ];
    let requirements = requirements.map(|name| source.join(name));
    Ok(Venv::ensure(folder, &requirements)?.programs())
}

/// A component of the application in this folder.
fn build(bench: &Bench<'_>, source: &Path) -> Result<PathBuf> {
    let name = source.file_name().context("a folder has a name")?;
    let output = bench.scratch.path().join(name).with_extension("wasm");
    run(Command::new(bench.workspace.binary("wasgi"))
        .arg("build")
        .arg(source)
        .arg("--output")
        .arg(&output))?;
    Ok(output)
}

fn servers(
    bench: &Bench<'_>,
    source: &Path,
    tools: &Path,
    component: &Path,
    case: &Case,
) -> Result<Vec<Contender>> {
    let gunicorn = |arguments: &[&str], address: SocketAddr| {
        let mut command = Command::new(tools.join("gunicorn"));
        command.args(["--bind", &address.to_string(), "--workers", "1"]);
        command.args(arguments).arg(case.module).current_dir(source);
        command
    };
    let granian = |address: SocketAddr| {
        let mut command = Command::new(tools.join("granian"));
        command.args([
            "--interface",
            "wsgi",
            "--workers",
            "1",
            "--no-ws",
            "--host",
            "127.0.0.1",
        ]);
        command.args(["--port", &address.port().to_string(), case.module]);
        command.current_dir(source);
        command
    };
    let mut servers = vec![
        Contender::start("gunicorn sync", true, |at| Ok(gunicorn(&[], at)))?,
        wasgi(bench, "wasgi, reuse", component, &["--isolation=reuse"])?,
        wasgi(bench, "wasgi, fresh", component, &[])?,
        Contender::start("gunicorn gthread", false, |at| {
            Ok(gunicorn(&["--threads", "4"], at))
        })?,
        Contender::start("granian", false, |at| Ok(granian(at)))?,
    ];
    if apache::can_run(tools) {
        let script = apache::Script {
            source,
            tools,
            module: case.module,
            folder: bench.workspace.target.join("bench-python/cgi"),
        };
        servers.push(Contender::start("Apache, CGI", false, |at| {
            script.serve(at)
        })?);
    }
    for server in &mut servers {
        server.wait(case.path).with_context(|| server.name)?;
    }
    Ok(servers)
}

fn wasgi(
    bench: &Bench<'_>,
    name: &'static str,
    served: &Path,
    arguments: &[&str],
) -> Result<Contender> {
    Contender::start(name, false, |address| {
        let file = served.to_string_lossy();
        let address = format!("--addr={address}");
        let mut all = vec![&*file, &address, "--access-log=off"];
        all.extend(arguments);
        Ok(bench.wasgi_command(&all))
    })
}

fn rounds(
    bench: &Bench<'_>,
    report: &mut Report,
    case: &Case,
    servers: &[Contender],
) -> Result<Vec<Figures>> {
    let mut figures: Vec<Figures> = servers.iter().map(|_| Figures::default()).collect();
    // The first round is not noted: it finds colder caches than the others.
    for number in 0..=bench.scale.rounds {
        for (server, figures) in servers.iter().zip(&mut figures) {
            let before = server.cpu()?;
            let mut times = server.ask(case.path, bench.scale.round)?;
            let cpu = server.cpu()?.saturating_sub(before);
            if number == 0 {
                continue;
            }
            times.sort_unstable();
            let cpu = cpu.as_secs_f64() * 1e6 / times.len() as f64;
            let name = format!("{}: {}", case.name, server.name);
            report.raw(PART, &name, number, "cpu us/request", cpu);
            figures.cpu.push(cpu);
            figures
                .p50
                .push(percentile(&times, 0.5).as_secs_f64() * 1e6);
            figures
                .p99
                .push(percentile(&times, 0.99).as_secs_f64() * 1e6);
            figures.memory = server.memory()? as f64 / 1024.0 / 1024.0;
        }
    }
    Ok(figures)
}

fn rows(case: &Case, servers: &[Contender], figures: &[Figures]) -> Vec<Vec<String>> {
    let bare = &figures[0].cpu;
    let row = |(server, own): (&Contender, &Figures)| {
        let ratios: Vec<_> = own
            .cpu
            .iter()
            .zip(bare)
            .map(|(own, bare)| own / bare)
            .collect();
        let goal = match server.name {
            "wasgi, reuse" => case.goals[0],
            "wasgi, fresh" => case.goals[1],
            _ => "",
        };
        vec![
            server.name.to_owned(),
            format!("{:.0}", median(&own.cpu)),
            format!("{:.2}", median(&ratios)),
            format!("{:.0}", median(&own.p50)),
            format!("{:.0}", median(&own.p99)),
            format!("{:.0}", own.memory),
            goal.to_owned(),
        ]
    };
    servers.iter().zip(figures).map(row).collect()
}
