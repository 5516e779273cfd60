//! What the same small request costs over each contract, beside what else serves the same file.

use anyhow::Result;

use super::Bench;
use super::process::Server;
use super::report::Report;
use super::rounds::{self, CONNECTIONS, HEADER};

const PART: &str = "contracts";

/// A guest in one isolation, and what its cost is compared with.
struct Case {
    name: &'static str,
    guest: &'static str,
    isolation: &'static str,
    beside: Beside,
}

/// What a case is compared with, apart from bare hyper.
enum Beside {
    /// Nothing: it is here for others to be compared with.
    Nothing,
    /// The first case.
    Native { goal: &'static str },
    /// `wasmtime serve` of the same file, with arguments that isolate requests equally.
    Serve {
        arguments: &'static [&'static str],
        goal: &'static str,
    },
}

/// What is compared: the places of two servers, and their ratio's name and goal.
struct Comparison {
    own: usize,
    other: usize,
    metric: &'static str,
    goal: &'static str,
}

/// Every one. The guests of the contracts that others wrote are one source, compiled alike.
const CASES: [Case; 8] = [
    Case {
        name: "native, fresh",
        guest: "hello",
        isolation: "request",
        beside: Beside::Nothing,
    },
    Case {
        name: "CGI core module, fresh",
        guest: "cgi1-hello",
        isolation: "request",
        beside: Beside::Native { goal: "≤ 2" },
    },
    Case {
        name: "CGI component, fresh",
        guest: "cgi-hello",
        isolation: "request",
        beside: Beside::Native { goal: "" },
    },
    Case {
        name: "wasi:http 0.2, fresh",
        guest: "http02-hello",
        isolation: "request",
        beside: Beside::Serve {
            arguments: &["-Scli", "--max-instance-reuse-count=1"],
            goal: "≤ 0.5",
        },
    },
    Case {
        name: "wasi:http 0.3, fresh",
        guest: "http03-hello",
        isolation: "request",
        beside: Beside::Serve {
            arguments: &[
                "-Scli,p3",
                "-Wcomponent-model-async",
                "--max-instance-reuse-count=1",
            ],
            goal: "≤ 0.7",
        },
    },
    Case {
        name: "native, reuse",
        guest: "hello",
        isolation: "reuse",
        beside: Beside::Nothing,
    },
    Case {
        name: "wasi:http 0.2, reuse",
        guest: "http02-hello",
        isolation: "reuse",
        beside: Beside::Serve {
            arguments: &["-Scli", "--max-instance-reuse-count=1000000"],
            goal: "≤ 0.5",
        },
    },
    Case {
        name: "wasi:http 0.3, reuse",
        guest: "http03-hello",
        isolation: "reuse",
        beside: Beside::Serve {
            arguments: &[
                "-Scli,p3",
                "-Wcomponent-model-async",
                "--max-instance-reuse-count=1000000",
            ],
            goal: "≤ 0.7",
        },
    },
];

/// Measures every contract in the same rounds.
pub(super) fn measure(bench: &Bench<'_>, report: &mut Report) -> Result<()> {
    let (servers, comparisons) = servers(bench)?;
    let contenders = rounds::measure(bench, report, PART, &servers)?;
    let bare = &contenders[0];
    let rows = contenders
        .iter()
        .map(|one| one.row(bare, report, PART))
        .collect();
    report.table(
        &format!("One request over each contract, {CONNECTIONS} connections (medians)"),
        &HEADER,
        rows,
    );
    let mut rows = Vec::new();
    for comparison in comparisons {
        let own = &contenders[comparison.own];
        let other = &contenders[comparison.other];
        rows.push(vec![
            own.name().to_owned(),
            other.name().to_owned(),
            own.ratio_to(other, report, PART, comparison.metric),
            comparison.goal.to_owned(),
        ]);
    }
    report.table(
        "CPU time per request over a contract, as a ratio to another server's (medians)",
        &["server", "compared with", "ratio", "goal"],
        rows,
    );
    Ok(())
}

/// The servers, bare hyper first, each beside what it is compared with, and the comparisons.
fn servers(bench: &Bench<'_>) -> Result<(Vec<Server>, Vec<Comparison>)> {
    let mut servers = vec![bench.bare_hyper()?];
    let native = servers.len();
    let mut comparisons = Vec::new();
    for case in &CASES {
        let own = servers.len();
        let arguments = ["--access-log=off", "--isolation", case.isolation];
        let name = format!("wasgi, {}", case.name);
        servers.push(bench.wasgi_guest(&name, case.guest, &arguments)?);
        let (other, metric, goal) = match case.beside {
            Beside::Nothing => continue,
            Beside::Native { goal } => (native, "ratio to native fresh", goal),
            Beside::Serve { arguments, goal } => {
                let name = format!("wasmtime serve, {}", case.name);
                let Some(server) = bench.wasmtime_serve(&name, case.guest, arguments)? else {
                    continue;
                };
                servers.push(server);
                (servers.len() - 1, "ratio to wasmtime serve", goal)
            }
        };
        comparisons.push(Comparison {
            own,
            other,
            metric,
            goal,
        });
    }
    Ok((servers, comparisons))
}
