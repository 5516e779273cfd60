//! The results: printed as Markdown, kept as Markdown and CSV with the machine they come from.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::command;
use crate::workspace::Workspace;

/// What was measured so far.
pub(super) struct Report {
    smoke: bool,
    csv: String,
    markdown: String,
}

impl Report {
    /// An empty one. A smoke run's figures mean nothing, and its report says so.
    pub(super) fn new(smoke: bool) -> Self {
        let csv = "part,case,round,metric,value\n".to_owned();
        Self {
            smoke,
            csv,
            markdown: String::new(),
        }
    }

    /// Notes one value of one round.
    pub(super) fn raw(&mut self, part: &str, case: &str, round: u32, metric: &str, value: f64) {
        let _written = writeln!(self.csv, "{part},\"{case}\",{round},{metric},{value:.3}");
    }

    /// Prints a table of results, and keeps it.
    pub(super) fn table(&mut self, title: &str, header: &[&str], rows: Vec<Vec<String>>) {
        if self.smoke {
            eprintln!("bench: works: {title}");
            return;
        }
        let mut text = format!("## {title}\n\n| {} |\n|", header.join(" | "));
        text.push_str(&"---|".repeat(header.len()));
        for row in rows {
            let _written = write!(text, "\n| {} |", row.join(" | "));
        }
        text.push_str("\n\n");
        eprint!("{text}");
        self.markdown.push_str(&text);
    }

    /// Writes the results beside those of earlier runs.
    pub(super) fn save(
        &self,
        workspace: &Workspace,
        label: Option<&str>,
        wasmtime: Option<&Path>,
    ) -> Result<()> {
        let date = command::text(Command::new("date").args(["-u", "+%F"]))?;
        let cpus = std::thread::available_parallelism()?;
        let label = label.map_or_else(|| format!("{cpus}cpu"), str::to_owned);
        let runs = workspace.root.join("tests/bench/runs");
        let name = |number: u32| match number {
            1 => format!("{date}-{label}"),
            _ => format!("{date}-{label}-{number}"),
        };
        let free = (1..)
            .map(|number| runs.join(name(number)))
            .find(|folder| !folder.exists());
        let Some(folder) = free else { return Ok(()) };
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("raw.csv"), &self.csv)?;
        fs::write(
            folder.join("summary.md"),
            format!("# Benchmark of {date}\n\n{}", self.markdown),
        )?;
        fs::write(folder.join("SETUP.md"), setup(workspace, wasmtime)?)?;
        eprintln!("wrote {}", folder.display());
        Ok(())
    }
}

/// The middle one of some values.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What a reader must know to compare these figures with others.
fn setup(workspace: &Workspace, wasmtime: Option<&Path>) -> Result<String> {
    let one_line = |program: &str, arguments: &[&str]| {
        let text = command::text(
            Command::new(program)
                .current_dir(&workspace.root)
                .args(arguments),
        );
        text.unwrap_or_else(|_| "unknown".to_owned())
    };
    let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
    let processor = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let meminfo = fs::read_to_string("/proc/meminfo")?;
    let memory = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"));
    let wasmtime = match wasmtime {
        Some(file) => command::text(Command::new(file).arg("--version"))?,
        None => "not compared".to_owned(),
    };
    let lock = fs::read_to_string(workspace.root.join("Cargo.lock"))?;
    let locked = |name: &str| {
        let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        Some(format!("{name} {}", rest.split('"').next()?))
    };
    let crates: Vec<_> = ["hyper", "tokio", "wasmtime"]
        .into_iter()
        .filter_map(locked)
        .collect();
    let lines = [
        (
            "Processor",
            processor.map_or("unknown", |(_, name)| name).to_owned(),
        ),
        ("CPUs", std::thread::available_parallelism()?.to_string()),
        ("Memory", memory.unwrap_or("unknown").trim().to_owned()),
        ("Kernel", one_line("uname", &["-srm"])),
        ("Compiler", one_line("rustc", &["--version"])),
        (
            "Commit",
            one_line("git", &["describe", "--always", "--dirty"]),
        ),
        ("Crates", crates.join(", ")),
        ("wasmtime serve", wasmtime),
        (
            "Client and server",
            "on the same CPUs, over loopback".to_owned(),
        ),
    ];
    let mut text = "# Set-up\n\n".to_owned();
    for (name, value) in lines {
        let _written = writeln!(text, "- {name}: {value}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_the_sorted_values() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(median(&[]).is_nan());
    }
}
