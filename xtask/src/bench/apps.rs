//! Many apps in one host: what each costs once it was asked, and how long its first answer takes.

use std::fs;
use std::time::Instant;

use anyhow::Result;

use super::Bench;
use super::http::{self, Client};
use super::load::percentile;
use super::process::Server;
use super::report::Report;
use super::versions::Versions;

/// Asks each of many distinct apps once, with all their code in the compile cache.
pub(super) fn measure(bench: &Bench<'_>, report: &mut Report) -> Result<()> {
    let folder = bench.scratch.path().join("apps");
    fs::create_dir_all(&folder)?;
    let versions = Versions::read(&bench.guest("version"))?;
    let apps = bench.scale.apps;
    for number in 0..apps {
        fs::write(
            folder.join(format!("app{number}.wasm")),
            versions.make(number),
        )?;
    }
    let start = || {
        let folder = folder.to_string_lossy();
        bench.wasgi("apps", &[&folder, "--addr=127.0.0.1:0", "--access-log=off"])
    };
    // The first server compiles them all, and is gone before the measured one starts.
    ask_all(&start()?, &versions, apps)?;
    let server = start()?;
    let started = server.start.as_secs_f64() * 1e3;
    let before = server.resident()? as f64 / 1024.0 / 1024.0;
    let mut times = ask_all(&server, &versions, apps)?;
    let after = server.resident()? as f64 / 1024.0 / 1024.0;
    times.sort_unstable();
    let milliseconds = |share| percentile(&times, share).as_secs_f64() * 1e3;
    for time in &times {
        report.raw("apps", "first answer", 1, "ms", time.as_secs_f64() * 1e3);
    }
    report.raw("apps", "memory", 1, "MiB", after);
    report.table(
        &format!("{apps} distinct apps in one host, each asked for the first time"),
        &[
            "start, ms",
            "memory then, MiB",
            "memory with all loaded, MiB (goal ≤ 1024)",
            "first answer p50, ms (goal ≤ 20)",
            "p99",
            "longest",
        ],
        vec![vec![
            format!("{started:.0}"),
            format!("{before:.0}"),
            format!("{after:.0}"),
            format!("{:.1}", milliseconds(0.50)),
            format!("{:.1}", milliseconds(0.99)),
            format!("{:.1}", milliseconds(1.0)),
        ]],
    );
    Ok(())
}

fn ask_all(server: &Server, versions: &Versions, apps: u32) -> Result<Vec<std::time::Duration>> {
    let mut client = Client::connect(server.address)?;
    (0..apps)
        .map(|number| {
            let request = http::request(server.address, "GET", &format!("/app{number}"), "");
            let began = Instant::now();
            client.expect(&request, &versions.answer(number))?;
            Ok(began.elapsed())
        })
        .collect()
}
