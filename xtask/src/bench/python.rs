//! Python: the same applications in wasgi and in what their users run today.
//!
//! Needs `python3` and a package index: gunicorn and granian are installed into a folder of their
//! own, the components are made with `wasgi build`.

use std::collections::HashMap;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::Bench;
use super::http::{self, Client};
use super::load::percentile;
use super::report::{Report, median};
use crate::command::run;

const PART: &str = "python";

/// Time for a server to import its application, or to compile it.
const START_WAIT: Duration = Duration::from_secs(240);

/// What is asked of the servers.
struct Case {
    name: &'static str,
    /// The application, as gunicorn names it.
    module: &'static str,
    path: &'static str,
    goals: [&'static str; 2],
}

const CASES: [Case; 3] = [
    Case {
        name: "Flask, a text",
        module: "hello:app",
        path: "/",
        goals: ["≤ 0.8", "≤ 3000 µs"],
    },
    Case {
        name: "Flask, a template of 20 rows",
        module: "hello:app",
        path: "/page",
        goals: ["≤ 1.3", ""],
    },
    Case {
        name: "Django, a text",
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
        let component = build(bench, &source, case)?;
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
    Ok(())
}

const HEADER: [&str; 7] = [
    "server",
    "CPU µs/request",
    "ratio to gunicorn sync",
    "p50 µs",
    "p99 µs",
    "resident, MiB",
    "goal",
];

/// A server, and all processes that it started.
struct Contender {
    name: &'static str,
    address: SocketAddr,
    /// Whether it closes the connection after each response.
    closes: bool,
    child: Child,
}

#[derive(Default)]
struct Figures {
    cpu: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    resident: f64,
}

fn install(bench: &Bench<'_>, source: &Path) -> Result<PathBuf> {
    let folder = bench.workspace.target.join("bench-python");
    if !folder.join("bin/granian").is_file() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(folder.join("bin/pip"))
            .args([
                "install",
                "--quiet",
                "gunicorn==27.0.1",
                "granian==2.8.7",
                "-r",
            ])
            .arg(source.join("requirements.txt")))?;
    }
    Ok(folder.join("bin"))
}

fn build(bench: &Bench<'_>, source: &Path, case: &Case) -> Result<PathBuf> {
    let name = case.path.replace('/', "-");
    let (module, _) = case.module.split_once(':').context("a module has a name")?;
    let output = bench.scratch.path().join(format!("{module}{name}.wasm"));
    let manifest = bench.scratch.path().join(format!("{module}{name}"));
    fs::create_dir_all(&manifest)?;
    for file in ["hello.py", "polls.py", "requirements.txt"] {
        fs::copy(source.join(file), manifest.join(file))?;
    }
    let warm = format!(
        "[build]\nmodule = \"{}\"\nwarm = [\"{}\"]\n",
        case.module, case.path
    );
    fs::write(manifest.join("wasgi.toml"), warm)?;
    run(Command::new(bench.workspace.binary("wasgi"))
        .arg("build")
        .arg(&manifest)
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
    let wasgi = |arguments: &[&str], address: SocketAddr| {
        let file = component.to_string_lossy();
        let address = format!("--addr={address}");
        let mut all = vec![&*file, &address, "--access-log=off"];
        all.extend(arguments);
        bench.wasgi_command(&all)
    };
    let mut servers = vec![
        start("gunicorn sync", true, |at| gunicorn(&[], at))?,
        start("wasgi, reuse", false, |at| {
            wasgi(&["--isolation=reuse"], at)
        })?,
        start("wasgi, fresh", false, |at| wasgi(&[], at))?,
        start("gunicorn gthread", false, |at| {
            gunicorn(&["--threads", "4"], at)
        })?,
        start("granian", false, granian)?,
    ];
    for server in &mut servers {
        server.wait(case.path).with_context(|| server.name)?;
    }
    Ok(servers)
}

fn start(
    name: &'static str,
    closes: bool,
    command: impl FnOnce(SocketAddr) -> Command,
) -> Result<Contender> {
    // Whoever asks for a free port gets another one for a while.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut command = command(address);
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .env_remove("RUST_BACKTRACE")
        .spawn()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    Ok(Contender {
        name,
        address,
        closes,
        child,
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
            figures.resident = server.resident()? as f64 / 1024.0 / 1024.0;
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
            format!("{:.0}", own.resident),
            goal.to_owned(),
        ]
    };
    servers.iter().zip(figures).map(row).collect()
}

impl Contender {
    /// Waits until the application answers.
    fn wait(&mut self, path: &str) -> Result<()> {
        let deadline = Instant::now() + START_WAIT;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended at once: {status}");
            }
            if TcpStream::connect(self.address).is_ok() && self.ask(path, Duration::ZERO).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("it does not answer within {START_WAIT:?}")
    }

    /// Sends requests one after the other for so long, and returns the time that each took.
    fn ask(&self, path: &str, time: Duration) -> Result<Vec<Duration>> {
        let request = http::request(self.address, "GET", path, "");
        let mut client = Client::connect(self.address)?;
        let mut times = Vec::new();
        let end = Instant::now() + time;
        loop {
            let sent = Instant::now();
            if self.closes && !times.is_empty() {
                client = Client::connect(self.address)?;
            }
            client.send(&request)?;
            let mut bytes = 0;
            let status = client.receive(|piece| bytes += piece.len())?;
            ensure!(
                status == 200 && bytes > 0,
                "{} answered {status}",
                self.name
            );
            times.push(sent.elapsed());
            if Instant::now() >= end {
                return Ok(times);
            }
        }
    }

    /// CPU time of its processes.
    fn cpu(&self) -> Result<Duration> {
        let mut sum = Duration::ZERO;
        for process in self.processes()? {
            for entry in fs::read_dir(format!("/proc/{process}/task"))? {
                let text = fs::read_to_string(entry?.path().join("schedstat"))?;
                let nanoseconds = text.split(' ').next().and_then(|field| field.parse().ok());
                sum += Duration::from_nanos(nanoseconds.context("schedstat is odd")?);
            }
        }
        Ok(sum)
    }

    /// Bytes of memory that its processes hold, each page counted for each of them.
    fn resident(&self) -> Result<u64> {
        let mut sum = 0;
        for process in self.processes()? {
            let text = fs::read_to_string(format!("/proc/{process}/statm"))?;
            let pages = text
                .split(' ')
                .nth(1)
                .and_then(|field| field.parse::<u64>().ok());
            sum += pages.context("statm is odd")? * 4096;
        }
        Ok(sum)
    }

    /// Its process and those below it.
    fn processes(&self) -> Result<Vec<u32>> {
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        for entry in fs::read_dir("/proc")? {
            let Some(id) = entry?
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            else {
                continue;
            };
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            let parent = stat
                .rsplit_once(") ")
                .and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
            if let Some(parent) = parent {
                children.entry(parent).or_default().push(id);
            }
        }
        let mut found = vec![self.child.id()];
        let mut next = 0;
        while let Some(&process) = found.get(next) {
            found.extend(children.remove(&process).unwrap_or_default());
            next += 1;
        }
        Ok(found)
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        // Its children end when it asks them to.
        let processes = self.processes().unwrap_or_default();
        for process in processes.into_iter().rev() {
            let process = i32::try_from(process)
                .ok()
                .and_then(rustix::process::Pid::from_raw);
            if let Some(process) = process {
                let _gone = rustix::process::kill_process(process, rustix::process::Signal::KILL);
            }
        }
        let _reaped = self.child.wait();
    }
}
