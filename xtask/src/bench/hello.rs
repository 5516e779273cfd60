//! The core of the benchmark: one small request, and what answering it costs each server.

use anyhow::Result;

use super::Bench;
use super::process::Server;
use super::report::Report;
use super::rounds::{self, CONNECTIONS, HEADER};

const PART: &str = "hello";

/// Measures the native contract and what it is compared with.
pub(super) fn measure(bench: &Bench<'_>, report: &mut Report) -> Result<()> {
    let (servers, goals): (Vec<_>, Vec<_>) = servers(bench)?.into_iter().unzip();
    let contenders = rounds::measure(bench, report, PART, &servers)?;
    let mut rows = Vec::new();
    for (contender, goal) in contenders.iter().zip(goals) {
        // Bare hyper is the first.
        let mut row = contender.row(&contenders[0], report, PART);
        row.push(goal.to_owned());
        rows.push(row);
    }
    report.table(
        &format!("One request: `hello`, {CONNECTIONS} connections (medians of the rounds)"),
        &[HEADER.as_slice(), &["goal of the ratio"]].concat(),
        rows,
    );
    Ok(())
}

/// The servers with their goals, bare hyper first: the others are compared with it.
fn servers(bench: &Bench<'_>) -> Result<Vec<(Server, &'static str)>> {
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
    for (name, reuse) in [("fresh", "1"), ("reuse", "1000000")] {
        let name = format!("wasmtime serve, {name}");
        let arguments = ["-Scli", "--max-instance-reuse-count", reuse];
        let server = bench.wasmtime_serve(&name, "bench-wasi-http-hello", &arguments)?;
        servers.extend(server.map(|server| (server, "")));
    }
    Ok(servers)
}
