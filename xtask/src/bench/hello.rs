//! The core of the benchmark: one small request, and what answering it costs each server.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Bench;
use super::http;
use super::load::Load;
use super::process::Server;
use super::report::{Report, median};

const BODY: &[u8] = b"hello\n";
const CONNECTIONS: usize = 16;

/// One server's figures, a value a round.
struct Contender {
    server: Server,
    goal: &'static str,
    rounds: Vec<Round>,
}

struct Round {
    cpu_us: f64,
    ratio: f64,
    rate: f64,
    p50_us: f64,
    p99_us: f64,
}

/// Measures every server in turn, several times over. All run from the start, so that one's turn
/// comes seconds after another's.
pub(super) fn measure(bench: &Bench<'_>, report: &mut Report) -> Result<()> {
    let mut contenders = contenders(bench)?;
    for contender in &contenders {
        // Not measured: the first round would otherwise find colder caches than the others.
        measure_round(bench, &contender.server).context(contender.server.name.clone())?;
    }
    for number in 1..=bench.scale.rounds {
        let mut bare_us = 0.0;
        for (index, contender) in contenders.iter_mut().enumerate() {
            let name = contender.server.name.clone();
            let mut round = measure_round(bench, &contender.server).context(name.clone())?;
            if index == 0 {
                bare_us = round.cpu_us;
            }
            round.ratio = round.cpu_us / bare_us;
            for (metric, value) in [
                ("cpu us/request", round.cpu_us),
                ("ratio to bare hyper", round.ratio),
                ("requests/s", round.rate),
                ("p50 us", round.p50_us),
                ("p99 us", round.p99_us),
            ] {
                report.raw("hello", &name, number, metric, value);
            }
            contender.rounds.push(round);
        }
    }
    report.table(
        &format!("One request: `hello`, {CONNECTIONS} connections (medians of the rounds)"),
        &[
            "server",
            "CPU µs/request",
            "ratio to bare hyper",
            "goal",
            "requests/s",
            "p50 µs",
            "p99 µs",
        ],
        contenders.iter().map(row).collect(),
    );
    Ok(())
}

/// The servers, bare hyper first: the others are compared with it.
fn contenders(bench: &Bench<'_>) -> Result<Vec<Contender>> {
    let wasgi = |name, arguments: &[&str]| bench.wasgi_guest(name, "hello", arguments);
    let mut servers = vec![
        (bench.bare_hyper()?, "1"),
        (wasgi("wasgi, fresh", &["--access-log=off"])?, "≤ 4"),
        (
            wasgi("wasgi, reuse", &["--access-log=off", "--isolation=reuse"])?,
            "≤ 1.5",
        ),
        (
            wasgi("wasgi, reuse, access log", &["--isolation=reuse"])?,
            "",
        ),
    ];
    if let Some(wasmtime) = &bench.wasmtime {
        for (name, reuse) in [("fresh", "1"), ("reuse", "1000000")] {
            let mut command = Command::new(wasmtime);
            command.args(["serve", "--addr=127.0.0.1:0", "-Scli"]);
            command.args(["--max-instance-reuse-count", reuse]);
            command.arg(bench.guest("bench-wasi-http-hello"));
            let name = format!("wasmtime serve, {name}");
            servers.push((Server::start(&name, &mut command)?, ""));
        }
    }
    let contender = |(server, goal)| Contender {
        server,
        goal,
        rounds: Vec::new(),
    };
    Ok(servers.into_iter().map(contender).collect())
}

fn measure_round(bench: &Bench<'_>, server: &Server) -> Result<Round> {
    let load = Load {
        address: server.address,
        request: &http::request(server.address, "GET", "/", ""),
        body: BODY,
        connections: CONNECTIONS,
        think: Duration::ZERO,
    };
    let (outcome, before) = load.run(bench.scale.round, || server.cpu())?;
    let cpu = server.cpu()?.since(&before);
    let requests = outcome.latencies.len() as f64;
    Ok(Round {
        cpu_us: micros(cpu) / requests,
        ratio: f64::NAN,
        rate: requests / outcome.elapsed.as_secs_f64(),
        p50_us: micros(outcome.percentile(0.50)),
        p99_us: micros(outcome.percentile(0.99)),
    })
}

fn row(contender: &Contender) -> Vec<String> {
    let all = |value: fn(&Round) -> f64| contender.rounds.iter().map(value).collect::<Vec<_>>();
    let ratios = all(|round| round.ratio);
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let most = ratios.iter().copied().fold(0.0, f64::max);
    vec![
        contender.server.name.clone(),
        format!("{:.1}", median(&all(|round| round.cpu_us))),
        format!("{:.2} ({least:.2} to {most:.2})", median(&ratios)),
        contender.goal.to_owned(),
        format!("{:.0}", median(&all(|round| round.rate))),
        format!("{:.0}", median(&all(|round| round.p50_us))),
        format!("{:.0}", median(&all(|round| round.p99_us))),
    ]
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
