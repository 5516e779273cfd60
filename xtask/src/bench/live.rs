//! What a change costs while the server serves: a thousand reloads under load.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::Bench;
use super::http::{self, Client};
use super::load::percentile;
use super::process::Server;
use super::report::Report;
use super::versions::Versions;

/// Versions that are taken in turn. All are in the compile cache before the measurement.
const VERSIONS: u32 = 20;

/// Connections that send requests meanwhile, each so many a second.
const CONNECTIONS: u32 = 8;
const RATE_EACH: u32 = 25;

/// Time for a new version to answer before the measurement gives up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Replaces an app's file again and again, and waits each time for the first answer of the new one.
pub(super) fn measure(bench: &Bench<'_>, report: &mut Report) -> Result<()> {
    let folder = bench.scratch.path().join("live");
    fs::create_dir_all(&folder)?;
    let versions = Versions::read(&bench.guest("version"))?;
    let app = folder.join("app.wasm");
    replace(&app, &versions.make(0))?;
    let server = bench.wasgi_manifest("live", &format!("[[app]]\ncomponent = {app:?}\n"))?;
    for number in 0..VERSIONS {
        swap(&server, &app, &versions, number)?;
    }
    let before = Held::by(&server)?;
    let (load, mut times) = under_load(server.address, || {
        (0..bench.scale.reloads)
            .map(|number| swap(&server, &app, &versions, number % VERSIONS))
            .collect::<Result<Vec<_>>>()
    })?;
    let after = Held::by(&server)?;
    times.sort_unstable();
    let milliseconds = |share| percentile(&times, share).as_secs_f64() * 1e3;
    for time in &times {
        report.raw("live", "swap", 1, "ms", time.as_secs_f64() * 1e3);
    }
    report.raw("live", "load", 1, "requests", load.answered as f64);
    report.raw("live", "load", 1, "failed", load.failed as f64);
    report.table(
        &format!(
            "{} reloads under {} requests a second, from rename to the new version's first answer",
            times.len(),
            CONNECTIONS * RATE_EACH
        ),
        &[
            "requests",
            "failed (goal 0)",
            "swap p50, ms (goal ≤ 50)",
            "p99",
            "longest",
        ],
        vec![vec![
            load.answered.to_string(),
            load.failed.to_string(),
            format!("{:.1}", milliseconds(0.50)),
            format!("{:.1}", milliseconds(0.99)),
            format!("{:.1}", milliseconds(1.0)),
        ]],
    );
    let row = |what: &str, held: &Held| {
        vec![
            what.to_owned(),
            format!("{:.1}", held.resident as f64 / 1024.0 / 1024.0),
            held.mappings.to_string(),
            held.descriptors.to_string(),
        ]
    };
    report.table(
        "What the server held before and after",
        &["when", "memory, MiB", "mappings", "descriptors"],
        vec![row("before", &before), row("after", &after)],
    );
    Ok(())
}

/// What a server holds.
struct Held {
    resident: u64,
    mappings: usize,
    descriptors: usize,
}

impl Held {
    fn by(server: &Server) -> Result<Self> {
        Ok(Self {
            resident: server.resident()?,
            mappings: server.mappings()?,
            descriptors: server.descriptors()?,
        })
    }
}

/// Puts a version in the place of the one before, and waits until it answers.
fn swap(server: &Server, app: &Path, versions: &Versions, number: u32) -> Result<Duration> {
    let next = app.with_extension("next");
    fs::write(&next, versions.make(number))?;
    let request = http::request(server.address, "GET", "/", "");
    let mut client = Client::connect(server.address)?;
    let expected = versions.answer(number);
    let began = Instant::now();
    fs::rename(&next, app)?;
    while began.elapsed() < PATIENCE {
        let mut answer = Vec::new();
        client.send(&request)?;
        let status = client.receive(|data| answer.extend_from_slice(data))?;
        ensure!(status == 200, "answered {status} during a swap");
        if answer == expected {
            return Ok(began.elapsed());
        }
    }
    bail!("version {number} does not answer within {PATIENCE:?}")
}

fn replace(path: &PathBuf, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// What became of the requests.
struct Load {
    answered: u64,
    failed: u64,
}

/// Does something while requests are sent at a steady rate.
fn under_load<T>(address: SocketAddr, work: impl FnOnce() -> Result<T>) -> Result<(Load, T)> {
    let (over, answered, failed) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let result = thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let request = http::request(address, "GET", "/", "");
                let mut client = Client::connect(address).ok();
                let pause = Duration::from_secs(1) / RATE_EACH;
                let mut due = Instant::now();
                while !over.load(Ordering::Relaxed) {
                    let sent = client.as_mut().map(|client| {
                        client.send(&request)?;
                        client.receive(|_| ())
                    });
                    match sent {
                        Some(Ok(200)) => answered.fetch_add(1, Ordering::Relaxed),
                        _ => {
                            client = Client::connect(address).ok();
                            failed.fetch_add(1, Ordering::Relaxed)
                        }
                    };
                    due += pause;
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                }
            });
        }
        let result = work();
        over.store(true, Ordering::Relaxed);
        result
    })?;
    let load = Load {
        answered: answered.into_inner(),
        failed: failed.into_inner(),
    };
    Ok((load, result))
}
