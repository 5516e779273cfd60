//! What an app's visitors notice of another app that wants all there is, and what two such apps get.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::Bench;
use super::http::{self, Client};
use super::load::{Load, percentile};
use super::process::Server;
use super::report::Report;

/// Requests that loop at any time.
const LOOPING: usize = 4;
/// The connections of the flood, and what each of its requests takes of a CPU.
const FLOOD: usize = 64;
const FLOOD_CPU: Duration = Duration::from_millis(5);
/// The CPU time of a request of the apps that compete.
const COMPETING_CPU: Duration = Duration::from_millis(50);
const THINK: Duration = Duration::from_millis(2);

/// What an app's visitors notice of another app, and what two get that both want all there is.
pub(super) fn measure(bench: &Bench<'_>, report: &mut Report) -> Result<()> {
    let app = |name: &str, guest: &str, weight: u32| {
        let component = bench.guest(guest);
        format!(
            "[[app]]\nname = \"{name}\"\npath = \"/{name}\"\ncomponent = {component:?}\n\
             weight = {weight}\n"
        )
    };
    let apps = [
        app("hello", "hello", 100),
        app("loop", "loop", 100),
        app("equal", "loop", 100),
        app("heavier", "loop", 300),
    ];
    let server = bench.wasgi_manifest("neighbour", &apps.concat())?;
    let loops = Disturbed {
        case: "beside the loops",
        title: format!("beside {LOOPING} endless loops of another app"),
        visitors: 4,
    };
    loops.measure(bench, report, &server, |samples| {
        beside_loops(&server, loops.visitors, samples)
    })?;
    let rounds = calibrate(&server)?;
    let flood = Disturbed {
        case: "beside the flood",
        title: format!(
            "beside {FLOOD} connections that keep another app busy, {FLOOD_CPU:?} of CPU a request"
        ),
        visitors: 16,
    };
    flood.measure(bench, report, &server, |samples| {
        let target = format!("/loop?rounds={}", rounds.of(FLOOD_CPU));
        beside_flood(&server, &target, flood.visitors, samples)
    })?;
    compete(bench, report, &server, rounds)
}

/// Visitors of one app, alone and beside another app, in turn, in one host.
struct Disturbed {
    case: &'static str,
    title: String,
    visitors: usize,
}

impl Disturbed {
    fn measure(
        &self,
        bench: &Bench<'_>,
        report: &mut Report,
        server: &Server,
        disturbed: impl Fn(usize) -> Result<Vec<Duration>>,
    ) -> Result<()> {
        let (case, visitors) = (self.case, self.visitors);
        let rounds = bench.scale.neighbour_rounds;
        let samples = bench.scale.neighbour_samples.div_ceil(rounds as usize);
        visit(server, visitors, samples / 10)?;
        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        for round in 1..=rounds {
            let one = visit(server, visitors, samples)?;
            let two = disturbed(samples)?;
            for (case, mut latencies, all) in [("alone", one, &mut alone), (case, two, &mut beside)]
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
            &format!("`hello`, fresh, {visitors} visitors, {}", self.title),
            &[
                "case",
                "requests",
                "p50 µs",
                "p99 µs",
                "p99 to p99 alone (goal ≤ 2)",
            ],
            vec![
                row("alone", &alone, "1".to_owned()),
                row(case, &beside, format!("{ratio:.2}")),
            ],
        );
        Ok(())
    }
}

/// How much of its work the guest `loop` does in a given CPU time.
#[derive(Clone, Copy)]
struct Rounds {
    per_second: f64,
}

impl Rounds {
    fn of(self, cpu: Duration) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate times a time is a count"
        )]
        let rounds = (self.per_second * cpu.as_secs_f64()) as u64;
        rounds.max(1)
    }
}

/// Finds out how fast this machine is.
fn calibrate(server: &Server) -> Result<Rounds> {
    let mut client = Client::connect(server.address)?;
    let mut rounds = 1_000_000_u64;
    loop {
        let target = format!("/loop?rounds={rounds}");
        let request = http::request(server.address, "GET", &target, "");
        let before = server.cpu()?;
        client.expect(&request, b"done\n")?;
        let used = server.cpu()?.since(&before);
        if used >= Duration::from_millis(20) {
            let per_second = rounds as f64 / used.as_secs_f64();
            return Ok(Rounds { per_second });
        }
        rounds *= 2;
    }
}

/// Two apps that want all there is: what each gets, in requests of the same cost.
fn compete(bench: &Bench<'_>, report: &mut Report, server: &Server, rounds: Rounds) -> Result<()> {
    let cases = [
        ("4 connections beside 64", ("equal", 4), ("loop", FLOOD), 1),
        (
            "16 each, weights 300 and 100",
            ("heavier", 16),
            ("loop", 16),
            3,
        ),
    ];
    let time = 4 * bench.scale.round;
    let mut rows = Vec::new();
    for (case, one, other, goal) in cases {
        let load = |(app, connections): (&str, usize)| {
            let target = format!("/{app}?rounds={}", rounds.of(COMPETING_CPU));
            let load = Load {
                address: server.address,
                request: &http::request(server.address, "GET", &target, ""),
                body: b"done\n",
                connections,
                think: Duration::ZERO,
            };
            load.run(time, || Ok(()))
                .map(|(outcome, ())| outcome.latencies.len())
        };
        let counts = thread::scope(|scope| {
            let loads = [one, other].map(|load_of| scope.spawn(move || load(load_of)));
            loads.map(|load| load.join().map_err(|_| anyhow!("a client panicked"))?)
        });
        let [one, other] = counts;
        let (one, other) = (one?, other?);
        let ratio = one as f64 / other as f64;
        report.raw("neighbour", case, 1, "ratio", ratio);
        rows.push(vec![
            case.to_owned(),
            one.to_string(),
            other.to_string(),
            format!("{ratio:.2}"),
            goal.to_string(),
        ]);
    }
    report.table(
        &format!("two apps with requests of {COMPETING_CPU:?} of CPU each: what is answered"),
        &["case", "of the first", "of the second", "ratio", "goal"],
        rows,
    );
    Ok(())
}

/// The latencies of at least so many requests, shortest first.
fn visit(server: &Server, visitors: usize, samples: usize) -> Result<Vec<Duration>> {
    let load = Load {
        address: server.address,
        request: &http::request(server.address, "GET", "/hello", ""),
        body: b"hello\n",
        connections: visitors,
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

fn beside_flood(
    server: &Server,
    target: &str,
    visitors: usize,
    samples: usize,
) -> Result<Vec<Duration>> {
    beside(server, visitors, samples, FLOOD, |done| {
        let request = http::request(server.address, "GET", target, "");
        let mut client = Client::connect(server.address)?;
        while !done.load(Ordering::Relaxed) {
            client.expect(&request, b"done\n")?;
        }
        Ok(())
    })
}

fn beside_loops(server: &Server, visitors: usize, samples: usize) -> Result<Vec<Duration>> {
    beside(server, visitors, samples, LOOPING, |done| {
        keep_looping(server.address, done)
    })
}

/// Visits while so many others disturb, each until it is told to stop.
fn beside(
    server: &Server,
    visitors: usize,
    samples: usize,
    others: usize,
    disturb: impl Fn(&AtomicBool) -> Result<()> + Sync,
) -> Result<Vec<Duration>> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let spawn = |_| scope.spawn(|| disturb(&done));
        let others: Vec<_> = (0..others).map(spawn).collect();
        thread::sleep(Duration::from_millis(200));
        let running = server.cpu()?;
        let latencies = visit(server, visitors, samples);
        let busy = server.cpu()?.since(&running);
        done.store(true, Ordering::Relaxed);
        for thread in others {
            thread.join().map_err(|_| anyhow!("a client panicked"))??;
        }
        ensure!(
            busy > Duration::from_millis(300),
            "the other app did not run: {busy:?} of CPU time"
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
