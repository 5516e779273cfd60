//! Servers that answer one small request, measured in turn, several times over. It knows neither
//! what they are nor what they are compared for.

use std::time::Duration;

use anyhow::{Context, Result};

use super::Bench;
use super::http;
use super::load::Load;
use super::process::Server;
use super::report::{Report, median};

/// Connections that each wait for an answer before they send the next request.
pub(super) const CONNECTIONS: usize = 16;

/// The columns of `Contender::row`.
pub(super) const HEADER: [&str; 6] = [
    "server",
    "CPU µs/request",
    "ratio to bare hyper",
    "requests/s",
    "p50 µs",
    "p99 µs",
];

const BODY: &[u8] = b"hello\n";

/// One server's figures.
pub(super) struct Contender {
    /// What the results call the server.
    name: String,
    /// As many as every other contender has.
    rounds: Vec<Round>,
}

struct Round {
    cpu_us: f64,
    rate: f64,
    p50_us: f64,
    p99_us: f64,
}

/// Measures the servers, each of which answers `/` with `hello`. All run from the start, so that
/// one's turn comes seconds after another's.
pub(super) fn measure(
    bench: &Bench<'_>,
    report: &mut Report,
    part: &str,
    servers: &[Server],
) -> Result<Vec<Contender>> {
    for server in servers {
        // Not measured: the first round would otherwise find colder caches than the others.
        measure_round(bench, server).with_context(|| server.name.clone())?;
    }
    let contender = |server: &Server| Contender {
        name: server.name.clone(),
        rounds: Vec::new(),
    };
    let mut contenders: Vec<_> = servers.iter().map(contender).collect();
    for number in 1..=bench.scale.rounds {
        for (server, contender) in servers.iter().zip(&mut contenders) {
            let name = &contender.name;
            let round = measure_round(bench, server).with_context(|| name.clone())?;
            for (metric, value) in [
                ("cpu us/request", round.cpu_us),
                ("requests/s", round.rate),
                ("p50 us", round.p50_us),
                ("p99 us", round.p99_us),
            ] {
                report.raw(part, name, number, metric, value);
            }
            contender.rounds.push(round);
        }
    }
    Ok(contenders)
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
        rate: requests / outcome.elapsed.as_secs_f64(),
        p50_us: micros(outcome.percentile(0.50)),
        p99_us: micros(outcome.percentile(0.99)),
    })
}

impl Contender {
    /// What the results call the server.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its CPU time per request as a ratio to another's, round by round: noted, and given as the
    /// median, the least and the most.
    pub(super) fn ratio_to(
        &self,
        other: &Self,
        report: &mut Report,
        part: &str,
        metric: &str,
    ) -> String {
        let pairs = self.rounds.iter().zip(&other.rounds);
        let ratios: Vec<_> = pairs
            .map(|(own, other)| own.cpu_us / other.cpu_us)
            .collect();
        for (number, ratio) in (1..).zip(&ratios) {
            report.raw(part, &self.name, number, metric, *ratio);
        }
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let most = ratios.iter().copied().fold(0.0, f64::max);
        format!("{:.2} ({least:.2} to {most:.2})", median(&ratios))
    }

    /// Its row in a table under `HEADER`, medians of the rounds.
    pub(super) fn row(&self, bare: &Self, report: &mut Report, part: &str) -> Vec<String> {
        let middle = |value: fn(&Round) -> f64| {
            let values: Vec<_> = self.rounds.iter().map(value).collect();
            median(&values)
        };
        vec![
            self.name.clone(),
            format!("{:.1}", middle(|round| round.cpu_us)),
            self.ratio_to(bare, report, part, "ratio to bare hyper"),
            format!("{:.0}", middle(|round| round.rate)),
            format!("{:.0}", middle(|round| round.p50_us)),
            format!("{:.0}", middle(|round| round.p99_us)),
        ]
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
