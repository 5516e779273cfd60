//! What an app's visitors notice of another app that loops without end under load.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::Bench;
use super::http;
use super::load::{Load, percentile};
use super::process::Server;
use super::report::Report;

/// Requests that loop at any time.
const LOOPING: usize = 4;
/// The visitors of the measured app.
const VISITORS: usize = 4;
const THINK: Duration = Duration::from_millis(2);

/// Alone and beside the loop, in turn, in one host.
pub(super) fn measure(bench: &Bench<'_>, report: &mut Report) -> Result<()> {
    let app = |name: &str| {
        let component = bench.guest(name);
        format!("[[app]]\nname = \"{name}\"\npath = \"/{name}\"\ncomponent = {component:?}\n")
    };
    let server = bench.wasgi_manifest("neighbour", &(app("hello") + &app("loop")))?;
    let rounds = bench.scale.neighbour_rounds;
    let samples = bench.scale.neighbour_samples.div_ceil(rounds as usize);
    visit(&server, samples / 10)?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let one = visit(&server, samples)?;
        let two = beside_loops(&server, samples)?;
        for (case, mut latencies, all) in [("alone", one, &mut alone), ("beside", two, &mut beside)]
        {
            for (metric, share) in [("p50 us", 0.50), ("p99 us", 0.99)] {
                report.raw("neighbour", case, round, metric, micros(&latencies, share));
            }
            all.append(&mut latencies);
            all.sort_unstable();
        }
    }
    let ratio = micros(&beside, 0.99) / micros(&alone, 0.99);
    let row = |case: &str, latencies: &[Duration], note: String| {
        let [p50, p99] = [0.50, 0.99].map(|share| format!("{:.0}", micros(latencies, share)));
        vec![case.to_owned(), latencies.len().to_string(), p50, p99, note]
    };
    report.table(
        &format!(
            "`hello`, fresh, {VISITORS} visitors, beside {LOOPING} endless loops of another app"
        ),
        &[
            "case",
            "requests",
            "p50 µs",
            "p99 µs",
            "p99 to p99 alone (goal ≤ 2)",
        ],
        vec![
            row("alone", &alone, "1".to_owned()),
            row("beside the loops", &beside, format!("{ratio:.2}")),
        ],
    );
    Ok(())
}

/// The latencies of at least so many requests, shortest first.
fn visit(server: &Server, samples: usize) -> Result<Vec<Duration>> {
    let load = Load {
        address: server.address,
        request: &http::request(server.address, "GET", "/hello", ""),
        body: b"hello\n",
        connections: VISITORS,
        think: THINK,
    };
    let mut latencies = Vec::new();
    while latencies.len() < samples {
        let (mut outcome, ()) = load.run(Duration::from_millis(500), || Ok(()))?;
        latencies.append(&mut outcome.latencies);
    }
    latencies.sort_unstable();
    Ok(latencies)
}

fn beside_loops(server: &Server, samples: usize) -> Result<Vec<Duration>> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let spawn = |_| scope.spawn(|| keep_looping(server.address, &done));
        let loops: Vec<_> = (0..LOOPING).map(spawn).collect();
        thread::sleep(Duration::from_millis(200));
        let running = server.cpu()?;
        let latencies = visit(server, samples);
        let busy = server.cpu()?.since(&running);
        done.store(true, Ordering::Relaxed);
        for thread in loops {
            thread.join().map_err(|_| anyhow!("a client panicked"))??;
        }
        ensure!(
            busy > Duration::from_millis(300),
            "the loop did not run: {busy:?} of CPU time"
        );
        latencies
    })
}

/// Keeps one request in the endless loop, until it is told to stop. The host cuts each after its
/// CPU limit; the next one follows.
fn keep_looping(address: SocketAddr, done: &AtomicBool) -> Result<()> {
    while !done.load(Ordering::Relaxed) {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_millis(100)))?;
        stream.write_all(&http::request(address, "GET", "/loop", ""))?;
        let mut status = [0; 12];
        let mut filled = 0;
        while filled < status.len() {
            match stream.read(&mut status[filled..]) {
                Ok(0) => bail!("the host closed a looping request without an answer"),
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if done.load(Ordering::Relaxed) {
                        return Ok(());
                    }
                }
                Err(error) => return Err(error).context("cannot receive"),
            }
        }
        ensure!(
            status == *b"HTTP/1.1 504",
            "a loop got {}",
            String::from_utf8_lossy(&status)
        );
    }
    Ok(())
}

fn micros(sorted: &[Duration], share: f64) -> f64 {
    percentile(sorted, share).as_secs_f64() * 1e6
}
