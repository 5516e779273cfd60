//! What is done to a component after its tool has written it: a function of the runtime in it is
//! put behind another one.
//!
//! Owns how that is written into the binary, and nothing of why. It changes nothing else.

use std::ops::Range;

use wasm_encoder::{Component, Encode, Function, Module, RawSection};
use wasmparser::{BinaryReader, BinaryReaderError, ExternalKind, Parser, Payload, TypeRef};

use crate::error::BuildError;

/// A function that takes the place of one that a module exports.
pub(crate) struct Front<'a> {
    /// The export whose place it takes.
    pub(crate) export: &'a str,
    /// Other exports of the module that it calls. A module that lacks one is left as it is.
    pub(crate) calls: &'a [&'a str],
    /// Its body: given the indices of the function that was exported, and of those in `calls`. Its
    /// type is the type of the function that was exported.
    pub(crate) body: fn(u32, &[u32]) -> Function,
    /// The tool that made the module, for an error.
    pub(crate) tool: &'a str,
}

/// Returns `component` with the function in the one module that has what it needs. Components
/// within it are looked into.
pub(crate) fn put_in_front(component: &[u8], front: &Front<'_>) -> Result<Vec<u8>, BuildError> {
    let mut count = 0;
    let made = in_component(component, front, &mut count).map_err(|error| {
        BuildError::new(format!(
            "the component that was built is not valid: {error}"
        ))
    })?;
    if count != 1 {
        let Front { export, tool, .. } = front;
        return Err(BuildError::new(format!(
            "expected one module with {export} in the component that was built, came {count}: \
             its runtime is not that of the {tool} that this version knows"
        )));
    }
    Ok(made)
}

fn in_component(
    component: &[u8],
    front: &Front<'_>,
    count: &mut usize,
) -> Result<Vec<u8>, BinaryReaderError> {
    let mut made = Component::new();
    for section in sections(component)? {
        let patched = match section.nested {
            Some(Nested::Module) => in_module(section.data, front)?.inspect(|_| *count += 1),
            Some(Nested::Component) => Some(in_component(section.data, front, count)?),
            None => None,
        };
        made.section(&RawSection {
            id: section.id,
            data: patched.as_deref().unwrap_or(section.data),
        });
    }
    Ok(made.finish())
}

/// A section of a component or of a module, whole.
struct Section<'a> {
    id: u8,
    nested: Option<Nested>,
    /// Where its data begins.
    start: usize,
    data: &'a [u8],
}

/// A binary within a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nested {
    Module,
    Component,
}

/// The sections at the top of a component or of a module.
fn sections(binary: &[u8]) -> Result<Vec<Section<'_>>, BinaryReaderError> {
    let mut sections = Vec::new();
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(binary) {
        let payload = payload?;
        let nested = match payload {
            Payload::ModuleSection { .. } => Some(Nested::Module),
            Payload::ComponentSection { .. } => Some(Nested::Component),
            _ => None,
        };
        if depth == 0
            && let Some((id, range)) = payload.as_section()
            // One that does not end here is an error when it is read.
            && let Some(data) = binary.get(range.clone())
        {
            sections.push(Section {
                id,
                nested,
                start: range.start,
                data,
            });
        }
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) if depth > 0 => depth -= 1,
            _ => {}
        }
    }
    Ok(sections)
}

/// The sections of a module that are changed, by their identifiers.
const FUNCTIONS: u8 = 3;
const EXPORTS: u8 = 7;
const CODE: u8 = 10;

/// The module with one more function; `None` if it has not what that needs.
fn in_module(module: &[u8], front: &Front<'_>) -> Result<Option<Vec<u8>>, BinaryReaderError> {
    let Some(found) = find(module, front)? else {
        return Ok(None);
    };
    let mut made = Module::new();
    for section in sections(module)? {
        let data = match section.id {
            FUNCTIONS => one_more(section.data, &encoded(&found.kind))?,
            CODE => {
                let body = (front.body)(found.function, &found.calls);
                one_more(section.data, &encoded(&body))?
            }
            EXPORTS => {
                let mut data = section.data.to_vec();
                let entry = found.entry.start - section.start..found.entry.end - section.start;
                let mut new = encoded(front.export);
                new.push(0);
                found.next.encode(&mut new);
                data.splice(entry, new);
                data
            }
            _ => section.data.to_vec(),
        };
        made.section(&RawSection {
            id: section.id,
            data: &data,
        });
    }
    Ok(Some(made.finish()))
}

/// What matters of a module: its functions by their indices.
struct Found {
    /// What is exported now.
    function: u32,
    /// Its type.
    kind: u32,
    calls: Vec<u32>,
    /// The index that one more function has.
    next: u32,
    /// Where the export stands: the entry's bytes in the module.
    entry: Range<usize>,
}

fn find(module: &[u8], front: &Front<'_>) -> Result<Option<Found>, BinaryReaderError> {
    let mut imported = 0;
    let mut kinds = Vec::new();
    let mut exported = None;
    let mut calls = vec![None; front.calls.len()];
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::FunctionSection(section) => {
                kinds = section.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::ExportSection(section) => {
                let end = section.range().end;
                let entries: Vec<_> = section.into_iter_with_offsets().collect::<Result<_, _>>()?;
                for (number, (offset, export)) in entries.iter().enumerate() {
                    if export.kind != ExternalKind::Func {
                        continue;
                    }
                    let end = entries.get(number + 1).map_or(end, |(next, _)| *next);
                    if export.name == front.export {
                        exported = Some((export.index, *offset..end));
                    }
                    for (name, call) in front.calls.iter().zip(&mut calls) {
                        if export.name == *name {
                            *call = Some(export.index);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let (Some((function, entry)), Some(calls)) = (exported, calls.into_iter().collect()) else {
        return Ok(None);
    };
    let kind = function
        .checked_sub(imported)
        .and_then(|number| kinds.get(usize::try_from(number).ok()?).copied());
    let next = u32::try_from(kinds.len()).map(|defined| imported.saturating_add(defined));
    Ok(kind.zip(next.ok()).map(|(kind, next)| Found {
        function,
        kind,
        calls,
        next,
        entry,
    }))
}

/// A section that is a list, with one more item.
fn one_more(section: &[u8], item: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
    let mut reader = BinaryReader::new(section, 0);
    let count = reader.read_var_u32()?;
    let mut made = encoded(&(count.saturating_add(1)));
    made.extend(&section[reader.original_position()..]);
    made.extend(item);
    Ok(made)
}

fn encoded<T: Encode + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests;
