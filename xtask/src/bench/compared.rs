//! Servers that each answer the same small request, one connection and one request at a time, in
//! turn, several times over. It knows neither what they are nor how they were made.

use anyhow::{Context, Result};

use super::Bench;
use super::contender::Contender;
use super::load::percentile;
use super::report::{Report, median};

/// What is compared.
pub(super) struct Compared<'a> {
    /// The part of the benchmark.
    pub(super) part: &'static str,
    /// What is answered.
    pub(super) name: &'a str,
    pub(super) path: &'a str,
    /// The first is what the others are compared to.
    pub(super) rivals: Vec<Rival>,
}

/// One of the servers.
pub(super) struct Rival {
    pub(super) server: Contender,
    /// What it is to reach, for the reader.
    pub(super) goal: &'static str,
}

impl From<Contender> for Rival {
    fn from(server: Contender) -> Self {
        Self { server, goal: "" }
    }
}

#[derive(Default)]
struct Figures {
    cpu: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    memory: f64,
}

impl Compared<'_> {
    /// Measures all of them, and adds a table to the report.
    pub(super) fn measure(mut self, bench: &Bench<'_>, report: &mut Report) -> Result<()> {
        for Rival { server, .. } in &mut self.rivals {
            server.wait(self.path).with_context(|| server.name)?;
        }
        let mut figures: Vec<_> = self.rivals.iter().map(|_| Figures::default()).collect();
        // The first round is not noted: it finds colder caches than the others.
        for number in 0..=bench.scale.rounds {
            for (rival, figures) in self.rivals.iter().zip(&mut figures) {
                let round = self.round(bench, &rival.server)?;
                if number == 0 {
                    continue;
                }
                let name = format!("{}: {}", self.name, rival.server.name);
                report.raw(self.part, &name, number, "cpu us/request", round.cpu);
                figures.cpu.push(round.cpu);
                figures.p50.push(round.p50);
                figures.p99.push(round.p99);
                figures.memory = rival.server.memory()? as f64 / 1024.0 / 1024.0;
            }
        }
        let first = self.rivals.first().map_or("", |rival| rival.server.name);
        report.table(
            &format!("{} (one connection, medians of the rounds)", self.name),
            &[
                "server",
                "CPU µs/request",
                &format!("ratio to {first}"),
                "p50 µs",
                "p99 µs",
                "memory, MiB",
                "goal",
            ],
            self.rows(&figures),
        );
        Ok(())
    }

    fn round(&self, bench: &Bench<'_>, server: &Contender) -> Result<Round> {
        let before = server.cpu()?;
        let mut times = server.ask(self.path, bench.scale.round)?;
        let cpu = server.cpu()?.saturating_sub(before);
        times.sort_unstable();
        let micros = |share| percentile(&times, share).as_secs_f64() * 1e6;
        Ok(Round {
            cpu: cpu.as_secs_f64() * 1e6 / times.len() as f64,
            p50: micros(0.5),
            p99: micros(0.99),
        })
    }

    fn rows(&self, figures: &[Figures]) -> Vec<Vec<String>> {
        let base = &figures[0].cpu;
        let row = |(rival, own): (&Rival, &Figures)| {
            let ratios: Vec<_> = own
                .cpu
                .iter()
                .zip(base)
                .map(|(own, base)| own / base)
                .collect();
            vec![
                rival.server.name.to_owned(),
                format!("{:.0}", median(&own.cpu)),
                format!("{:.2}", median(&ratios)),
                format!("{:.0}", median(&own.p50)),
                format!("{:.0}", median(&own.p99)),
                format!("{:.0}", own.memory),
                rival.goal.to_owned(),
            ]
        };
        self.rivals.iter().zip(figures).map(row).collect()
    }
}

/// Microseconds of one server in one round.
struct Round {
    cpu: f64,
    p50: f64,
    p99: f64,
}
