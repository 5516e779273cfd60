//! A gigabyte through a guest, down and up: the host must not hold what it passes on.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};

use super::Bench;
use super::http::{self, Client};
use super::process::Server;
use super::report::Report;

const CHUNK: usize = 64 * 1024;
const MIB: f64 = 1024.0 * 1024.0;

/// Moves so many chunks and says how many bytes came back.
type Transfer = fn(&Server, u64) -> Result<u64>;

/// Streams down from a guest that makes chunks, and up through one that echoes them.
pub(super) fn measure(bench: &Bench<'_>, report: &mut Report) -> Result<()> {
    let app = |name: &str| {
        let component = bench.guest(name);
        format!(
            "[[app]]\nname = \"{name}\"\npath = \"/{name}\"\ncomponent = {component:?}\n\
             [app.limits]\ncpu = \"60s\"\nrequest-body = \"2GiB\"\n"
        )
    };
    let chunks = bench.scale.stream_chunks;
    let mut rows = Vec::new();
    let cases: [(&str, &str, Transfer); 2] = [
        ("down, `stream`", "stream", down),
        ("up and down, `echo`", "echo", up),
    ];
    for (name, guest, transfer) in cases {
        let server = bench.wasgi_manifest(guest, &app(guest))?;
        transfer(&server, 4)?;
        server.forget_peak()?;
        let (resident, cpu, start) = (server.resident()?, server.cpu()?, Instant::now());
        let received = transfer(&server, chunks)?;
        let elapsed: Duration = start.elapsed();
        ensure!(
            received == chunks * CHUNK as u64,
            "{name}: {received} bytes came"
        );
        let cpu = server.cpu()?.since(&cpu);
        let growth = server.peak()?.saturating_sub(resident) as f64 / MIB;
        let rate = received as f64 / MIB / elapsed.as_secs_f64();
        report.raw("stream", name, 1, "growth MiB", growth);
        report.raw("stream", name, 1, "MiB/s", rate);
        report.raw("stream", name, 1, "cpu s", cpu.as_secs_f64());
        rows.push(vec![
            name.to_owned(),
            format!("{growth:.1}"),
            "≤ 32".to_owned(),
            format!("{:.1}", resident as f64 / MIB),
            format!("{rate:.0}"),
            format!("{:.2}", cpu.as_secs_f64()),
        ]);
    }
    report.table(
        &format!(
            "Streaming {} MiB, fresh instance",
            chunks * CHUNK as u64 / (1024 * 1024)
        ),
        &[
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

fn down(server: &Server, chunks: u64) -> Result<u64> {
    let target = format!("/stream?chunks={chunks}&size={CHUNK}");
    let mut client = Client::connect(server.address)?;
    client
        .writer()?
        .write_all(&http::request(server.address, "GET", &target, ""))?;
    receive(&mut client)
}

fn up(server: &Server, chunks: u64) -> Result<u64> {
    let length = chunks * CHUNK as u64;
    let fields = format!("content-type: text/plain\r\ncontent-length: {length}\r\n");
    let request = http::request(server.address, "POST", "/echo", &fields);
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
