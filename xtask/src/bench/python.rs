//! Python: the same applications in wasgi and in what their users run today.
//!
//! Needs `python3` and a package index: gunicorn and granian are installed into a folder of their
//! own, the components are made with `wasgi build`. Apache is measured where it is installed.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::Bench;
use super::apache;
use super::compared::{Compared, Rival};
use super::contender::Contender;
use super::report::Report;
use crate::venv::Venv;

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
        let component = bench.build(&source)?;
        let compared = Compared {
            part: PART,
            name: case.name,
            path: case.path,
            rivals: servers(bench, &source, &tools, &component, case)?,
        };
        compared.measure(bench, report)?;
    }
    streams(bench, report, &source.join("stream"))
}

/// Many slow answers of one application at once.
fn streams(bench: &Bench<'_>, report: &mut Report, source: &Path) -> Result<()> {
    let component = bench.build(source)?;
    let folder = bench.scratch.path().join("streams");
    fs::create_dir_all(&folder)?;
    let manifest = format!(
        "[[app]]\ncomponent = {:?}\npath = \"/\"\nlimits = {{ concurrency = {STREAMS} }}\n",
        component.to_string_lossy()
    );
    fs::write(folder.join("wasgi.toml"), manifest)?;
    let mut server = bench.contender("wasgi, fresh", &folder, &[])?;
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

fn servers(
    bench: &Bench<'_>,
    source: &Path,
    tools: &Path,
    component: &Path,
    case: &Case,
) -> Result<Vec<Rival>> {
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
        Contender::start("gunicorn sync", true, |at| Ok(gunicorn(&[], at)))?.into(),
        Rival {
            goal: case.goals[0],
            ..bench
                .contender("wasgi, reuse", component, &["--isolation=reuse"])?
                .into()
        },
        Rival {
            goal: case.goals[1],
            ..bench.contender("wasgi, fresh", component, &[])?.into()
        },
        Contender::start("gunicorn gthread", false, |at| {
            Ok(gunicorn(&["--threads", "4"], at))
        })?
        .into(),
        Contender::start("granian", false, |at| Ok(granian(at)))?.into(),
    ];
    let python = tools.join("python");
    if apache::can_run(&python, &["-c", ""]) {
        let folder = bench.workspace.target.join("bench-python/cgi");
        let script = script(&python, source, case.module, &folder)?;
        let apache = Contender::start("Apache, CGI", false, |at| apache::serve(&script, at))?;
        servers.push(apache.into());
    }
    Ok(servers)
}

/// A CGI script of an application.
fn script(python: &Path, source: &Path, module: &str, folder: &Path) -> Result<PathBuf> {
    let (module, app) = module
        .split_once(':')
        .context("a module has an application")?;
    let program = format!(
        "#!{}\nimport sys\nsys.path.insert(0, {:?})\nfrom wsgiref.handlers import CGIHandler\n\
         from {module} import {app}\nCGIHandler().run({app})\n",
        python.display(),
        source.display().to_string(),
    );
    fs::create_dir_all(folder)?;
    let script = folder.join("app.cgi");
    fs::write(&script, program)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    Ok(script)
}
