//! A gigabyte through a guest, down and up: the host must not hold what it passes on.

use std::io::Write;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};

use super::Bench;
use super::http::{self, Client};
use super::process::Server;
use super::report::Report;

const CHUNK: usize = 64 * 1024;
const MIB: f64 = 1024.0 * 1024.0;

/// The contracts, each with what the names of its guests begin with.
const CONTRACTS: [(&str, &str); 5] = [
    ("native", ""),
    ("wasi:http 0.2", "http02-"),
    ("wasi:http 0.3", "http03-"),
    ("CGI component", "cgi-"),
    ("CGI core module", "cgi1-"),
];

/// Moves so many chunks and says how many bytes came back.
type Transfer = fn(&Server, u64) -> Result<u64>;

/// Streams down from a guest that makes chunks, and up through one that echoes them.
pub(super) fn measure(bench: &Bench<'_>, report: &mut Report) -> Result<()> {
    let directions: [(&str, &str, Transfer); 2] =
        [("down", "stream", down), ("up and down", "echo", up)];
    let mut rows = Vec::new();
    for (contract, prefix) in CONTRACTS {
        for (direction, behaviour, transfer) in directions {
            let name = format!("{contract}, {direction}");
            let guest = format!("{prefix}{behaviour}");
            let figures =
                measure_transfer(bench, &guest, transfer).with_context(|| name.clone())?;
            for (metric, value) in [
                ("growth MiB", figures.growth_mib),
                ("MiB/s", figures.rate_mib),
                ("cpu s", figures.cpu_s),
            ] {
                report.raw("stream", &name, 1, metric, value);
            }
            rows.push(vec![
                contract.to_owned(),
                format!("{direction}, `{behaviour}`"),
                format!("{:.1}", figures.growth_mib),
                "≤ 32".to_owned(),
                format!("{:.1}", figures.before_mib),
                format!("{:.0}", figures.rate_mib),
                format!("{:.2}", figures.cpu_s),
            ]);
        }
    }
    let total = bench.scale.stream_chunks * CHUNK as u64 / (1024 * 1024);
    report.table(
        &format!("Streaming {total} MiB, fresh instance"),
        &[
            "contract",
            "direction",
            "growth of the host, MiB",
            "goal",
            "before, MiB",
            "MiB/s",
            "CPU s",
        ],
        rows,
    );
    Ok(())
}

/// What one transfer took.
struct Figures {
    /// Peak of the host's memory during it, less `before_mib`.
    growth_mib: f64,
    /// The host's memory after a short transfer of the same kind.
    before_mib: f64,
    rate_mib: f64,
    cpu_s: f64,
}

fn measure_transfer(bench: &Bench<'_>, guest: &str, transfer: Transfer) -> Result<Figures> {
    let component = bench.guest(guest);
    let app = format!(
        "[[app]]\nname = \"{guest}\"\npath = \"/\"\ncomponent = {component:?}\n\
         [app.limits]\ncpu = \"60s\"\nrequest-body = \"2GiB\"\n"
    );
    let server = bench.wasgi_manifest(guest, &app)?;
    transfer(&server, 4)?;
    server.forget_peak()?;
    let (before, cpu, start) = (server.resident()?, server.cpu()?, Instant::now());
    let chunks = bench.scale.stream_chunks;
    let received = transfer(&server, chunks)?;
    let elapsed = start.elapsed();
    ensure!(received == chunks * CHUNK as u64, "{received} bytes came");
    Ok(Figures {
        growth_mib: server.peak()?.saturating_sub(before) as f64 / MIB,
        before_mib: before as f64 / MIB,
        rate_mib: received as f64 / MIB / elapsed.as_secs_f64(),
        cpu_s: server.cpu()?.since(&cpu).as_secs_f64(),
    })
}

fn down(server: &Server, chunks: u64) -> Result<u64> {
    let target = format!("/?chunks={chunks}&size={CHUNK}");
    let mut client = Client::connect(server.address)?;
    client
        .writer()?
        .write_all(&http::request(server.address, "GET", &target, ""))?;
    receive(&mut client)
}

fn up(server: &Server, chunks: u64) -> Result<u64> {
    let length = chunks * CHUNK as u64;
    let fields = format!("content-type: text/plain\r\ncontent-length: {length}\r\n");
    let request = http::request(server.address, "POST", "/", &fields);
    let mut client = Client::connect(server.address)?;
    let mut writer = client.writer()?;
    thread::scope(|scope| {
        let sending = scope.spawn(move || -> Result<()> {
            writer.write_all(&request)?;
            let chunk = vec![b'x'; CHUNK];
            for _ in 0..chunks {
                writer.write_all(&chunk)?;
            }
            Ok(())
        });
        let received = receive(&mut client)?;
        sending
            .join()
            .map_err(|_| anyhow!("the sender panicked"))??;
        Ok(received)
    })
}

/// Receives a body of `x` and says how long it was.
fn receive(client: &mut Client) -> Result<u64> {
    let (mut received, mut right) = (0, true);
    let status = client.receive(|data| {
        received += data.len() as u64;
        right &= data.iter().all(|byte| *byte == b'x');
    })?;
    ensure!(status == 200, "answered {status}");
    ensure!(right, "answered with a wrong body");
    Ok(received)
}
