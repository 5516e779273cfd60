//! A core module without what a component does not need of it.
//!
//! Owns which sections and exports go. What the module does stays as it is.

use wasm_encoder::{ExportSection, Module, RawSection};
use wasmparser::{Parser, Payload};

/// The export of a guest that calls `_initialize` itself, before it answers its first request.
pub(super) const INITIALIZES_ITSELF: &str = "wasgi:initializes-itself";

/// Removes debug information, and keeps the names of functions, which backtraces have.
///
/// A guest that initialises itself loses the export `_initialize` too: what calls that in a
/// component is an instance of its own, which costs every request that has a fresh one.
pub(super) fn slim(core: &[u8]) -> wasmparser::Result<Vec<u8>> {
    let mut slim = Module::new();
    for payload in Parser::new(0).parse_all(core) {
        let payload = payload?;
        match &payload {
            Payload::CustomSection(section) if section.name().starts_with(".debug_") => {}
            Payload::ExportSection(section) => {
                slim.section(&exports(section.clone())?);
            }
            _ => {
                if let Some((id, range)) = payload.as_section() {
                    let data = &core[range];
                    slim.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok(slim.finish())
}

fn exports(section: wasmparser::ExportSectionReader<'_>) -> wasmparser::Result<ExportSection> {
    let mut all = Vec::new();
    for export in section {
        all.push(export?);
    }
    let initializes_itself = all.iter().any(|export| export.name == INITIALIZES_ITSELF);
    let mut kept = ExportSection::new();
    for export in all {
        let goes = [INITIALIZES_ITSELF, "_initialize"].contains(&export.name);
        if !(goes && initializes_itself) {
            kept.export(export.name, export.kind.into(), export.index);
        }
    }
    Ok(kept)
}
