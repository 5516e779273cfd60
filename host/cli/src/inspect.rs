//! `wasgi inspect`: what a component is, what it asks for and what it costs.
//!
//! Owns the two forms of the answer. What stands in it is the gateway's to find.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use wasgi_gateway::{Binary, CompileLimits, DebugInfo, Gateway, GatewayOptions, Inspection};

use crate::args::InspectArgs;
use crate::compiler;
use crate::failure::Failure;
use crate::units::Bytes;

/// What `wasgi inspect` tells.
#[derive(Serialize)]
struct Report<'a> {
    /// The file as it was named.
    file: &'a Path,
    /// What the component says of itself.
    #[serde(flatten)]
    inspection: Inspection,
    /// Milliseconds to compile it here; none if wasgi cannot serve it.
    compile_milliseconds: Option<u128>,
    /// Why wasgi cannot serve it.
    refusal: Option<String>,
}

/// Describes a component, for people or as JSON.
pub(crate) fn run(args: &InspectArgs) -> Result<String, Failure> {
    let binary = Binary::read(&args.file)?;
    let inspection = wasgi_gateway::inspect(&binary)?;
    let compiled = compile(&binary);
    let report = Report {
        file: &args.file,
        inspection,
        compile_milliseconds: compiled.as_ref().ok().map(Duration::as_millis),
        refusal: compiled.err(),
    };
    if args.json {
        let json = serde_json::to_string_pretty(&report).map_err(|error| {
            Failure::run_time(format!("cannot describe {}: {error}", args.file.display()))
        })?;
        return Ok(json + "\n");
    }
    Ok(report.table())
}

/// Compiles a component as `wasgi serve` does, without a cache, and takes the time.
fn compile(binary: &Binary) -> Result<Duration, String> {
    let options = GatewayOptions {
        cache: None,
        compiler: compiler::process(CompileLimits::of_this_machine()),
        debug_info: DebugInfo::Ignored,
        instances: 1,
    };
    let gateway = Gateway::new(&options).map_err(|error| error.to_string())?;
    let start = Instant::now();
    gateway.load(binary).map_err(|error| error.to_string())?;
    Ok(start.elapsed())
}

impl Report<'_> {
    fn table(&self) -> String {
        let found = &self.inspection;
        let mut table = String::new();
        row(&mut table, "file", [self.file.display().to_string()]);
        row(
            &mut table,
            "contract",
            [found
                .contract
                .map_or("unknown", |c| c.interface())
                .to_owned()],
        );
        row(&mut table, "exports", found.exports.iter().cloned());
        row(&mut table, "imports", found.imports.iter().cloned());
        row(&mut table, "size", [Bytes(found.bytes).to_string()]);
        row(&mut table, "core modules", [found.modules.to_string()]);
        row(
            &mut table,
            "memories",
            found.memories.iter().map(|memory| match memory.maximum {
                Some(most) => format!("{} to {}", Bytes(memory.initial), Bytes(most)),
                None => format!("{} or more", Bytes(memory.initial)),
            }),
        );
        row(&mut table, "producers", found.producers.iter().cloned());
        match (self.compile_milliseconds, &self.refusal) {
            (Some(time), _) => row(&mut table, "compiles in", [format!("{time} ms")]),
            (None, refusal) => row(&mut table, "refused", refusal.iter().cloned()),
        }
        table
    }
}

/// Adds a title, and beside it one line for each value.
fn row(table: &mut String, title: &str, values: impl IntoIterator<Item = String>) {
    let mut values = values.into_iter();
    let first = values.next().unwrap_or_else(|| "none".to_owned());
    writeln!(table, "{title:<13} {first}").expect("a string takes every write");
    for value in values {
        writeln!(table, "{:<13} {value}", "").expect("a string takes every write");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_one_line_for_each_value() {
        let mut table = String::new();
        row(&mut table, "exports", ["a".to_owned(), "b".to_owned()]);
        row(&mut table, "imports", []);
        assert_eq!(
            table,
            "exports       a\n              b\nimports       none\n"
        );
    }
}
