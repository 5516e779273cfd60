//! What is done to a component after the tool has written it: lists of bytes are freed.
//!
//! The runtime of componentize-py 0.25 copies each `bytes` that Python hands to the host, and never
//! frees the copy: a response of 100 MB would take 100 MB of the instance's memory, and an instance
//! that is used again would lose each body that it ever sent. The function that makes the copy is
//! put behind one that hands the copy to the call, which frees it at its end, as it does with all
//! else that it lowers. Must change nothing else.

use std::ops::Range;

use wasm_encoder::{BlockType, Component, Encode, Function, MemArg, Module, RawSection, ValType};
use wasmparser::{BinaryReader, BinaryReaderError, ExternalKind, Parser, Payload, TypeRef};

use crate::error::BuildError;

/// The sections of a module that are changed, by their identifiers.
const FUNCTIONS: u8 = 3;
const EXPORTS: u8 = 7;
const CODE: u8 = 10;

/// The function of the runtime that takes a list from Python: `(call, type, *address) -> length`.
const POP: &str = "wit_dylib_pop_list";

/// The function of the runtime that frees memory: `(call, address, bytes, alignment, at the end)`.
const FREE: &str = "wit_dylib_dealloc_bytes";

/// Returns `component` with a runtime that frees what it copied.
pub(super) fn free(component: &[u8]) -> Result<Vec<u8>, BuildError> {
    let invalid = |error: BinaryReaderError| {
        BuildError::new(format!(
            "the component that was built is not valid: {error}"
        ))
    };
    let mut made = Component::new();
    let mut count = 0;
    for section in sections(component).map_err(invalid)? {
        let patched = if section.is_module {
            patch(section.data).map_err(invalid)?
        } else {
            None
        };
        count += usize::from(patched.is_some());
        made.section(&RawSection {
            id: section.id,
            data: patched.as_deref().unwrap_or(section.data),
        });
    }
    if count != 1 {
        return Err(BuildError::new(format!(
            "expected one module with {POP} in the component that was built, came {count}: \
             its runtime is not that of the componentize-py that this version knows"
        )));
    }
    Ok(made.finish())
}

/// A section of a component or of a module, whole.
struct Section<'a> {
    id: u8,
    is_module: bool,
    /// Where its data begins.
    start: usize,
    data: &'a [u8],
}

/// The sections at the top of a component or of a module.
fn sections(binary: &[u8]) -> Result<Vec<Section<'_>>, BinaryReaderError> {
    let mut sections = Vec::new();
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(binary) {
        let payload = payload?;
        let is_module = matches!(payload, Payload::ModuleSection { .. });
        if depth == 0
            && let Some((id, range)) = payload.as_section()
            // One that does not end here is an error when it is read.
            && let Some(data) = binary.get(range.clone())
        {
            sections.push(Section {
                id,
                is_module,
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

/// The functions of the runtime that matter here, by their indices.
struct Runtime {
    pop: u32,
    free: u32,
    /// The type of `pop`.
    kind: u32,
    /// The index that one more function has.
    next: u32,
    /// Where `POP` is exported: the entry's bytes in the module.
    export: Range<usize>,
}

/// The module with one more function, exported as `POP`; `None` if it has none.
fn patch(module: &[u8]) -> Result<Option<Vec<u8>>, BinaryReaderError> {
    let Some(runtime) = find(module)? else {
        return Ok(None);
    };
    let mut made = Module::new();
    for section in sections(module)? {
        let data = match section.id {
            FUNCTIONS => one_more(section.data, &encoded(&runtime.kind))?,
            CODE => one_more(section.data, &encoded(&runtime.pop_and_keep()))?,
            EXPORTS => {
                let mut data = section.data.to_vec();
                let entry =
                    runtime.export.start - section.start..runtime.export.end - section.start;
                data.splice(entry, runtime.entry());
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

/// The runtime's functions, if this module has them.
fn find(module: &[u8]) -> Result<Option<Runtime>, BinaryReaderError> {
    let mut imported = 0;
    let mut kinds = Vec::new();
    let mut pop = None;
    let mut free = None;
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
                    let end = entries.get(number + 1).map_or(end, |(next, _)| *next);
                    match (export.name, export.kind) {
                        (POP, ExternalKind::Func) => pop = Some((export.index, *offset..end)),
                        (FREE, ExternalKind::Func) => free = Some(export.index),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    let (Some((pop, export)), Some(free)) = (pop, free) else {
        return Ok(None);
    };
    let kind = pop
        .checked_sub(imported)
        .and_then(|number| kinds.get(usize::try_from(number).ok()?).copied());
    let next = u32::try_from(kinds.len()).map(|defined| imported.saturating_add(defined));
    Ok(kind.zip(next.ok()).map(|(kind, next)| Runtime {
        pop,
        free,
        kind,
        next,
        export,
    }))
}

impl Runtime {
    /// What takes the old function's place: it calls it, and has what it copied freed with the call.
    ///
    /// An address of null stands for a list that is lowered element by element, and freed already.
    fn pop_and_keep(&self) -> Function {
        const CALL: u32 = 0;
        const ADDRESS: u32 = 2;
        const LENGTH: u32 = 3;
        let word = MemArg {
            offset: 0,
            align: 2,
            memory_index: 0,
        };
        let mut function = Function::new([(1, ValType::I32)]);
        function
            .instructions()
            .local_get(CALL)
            .local_get(1)
            .local_get(ADDRESS)
            .call(self.pop)
            .local_tee(LENGTH)
            .if_(BlockType::Empty)
            .local_get(ADDRESS)
            .i32_load(word)
            .if_(BlockType::Empty)
            .local_get(CALL)
            .local_get(ADDRESS)
            .i32_load(word)
            .local_get(LENGTH)
            .i32_const(1)
            .i32_const(1)
            .call(self.free)
            .end()
            .end()
            .local_get(LENGTH)
            .end();
        function
    }

    /// The entry that exports it.
    fn entry(&self) -> Vec<u8> {
        let mut entry = encoded(POP);
        entry.push(0);
        self.next.encode(&mut entry);
        entry
    }
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
mod tests {
    use wasm_encoder::{
        CodeSection, EntityType, ExportKind, ExportSection, FunctionSection, ImportSection,
        ModuleSection, TypeSection,
    };

    use super::*;

    /// A module like the runtime: one function is imported, the others are these exports.
    fn module(exports: &[&str]) -> Module {
        const WORD: ValType = ValType::I32;
        let mut types = TypeSection::new();
        types.ty().function([], []);
        types.ty().function([WORD; 3], [WORD]);
        types.ty().function([WORD; 5], []);
        let mut imports = ImportSection::new();
        imports.import("env", "function", EntityType::Function(0));
        let mut functions = FunctionSection::new();
        let mut entries = ExportSection::new();
        let mut code = CodeSection::new();
        for (name, index) in exports.iter().zip(1..) {
            functions.function(if *name == POP { 1 } else { 2 });
            entries.export(name, ExportKind::Func, index);
            let mut body = Function::new([]);
            body.instructions().unreachable().end();
            code.function(&body);
        }
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions);
        module.section(&entries).section(&code);
        module
    }

    fn component(modules: &[Module]) -> Vec<u8> {
        let mut component = Component::new();
        for module in modules {
            component.section(&ModuleSection(module));
        }
        component.finish()
    }

    /// The functions that a module exports, and how many it has code for.
    fn functions(module: &[u8]) -> (Vec<(String, u32)>, u32) {
        let mut exports = Vec::new();
        let mut bodies = 0;
        for payload in Parser::new(0).parse_all(module) {
            match payload.unwrap() {
                Payload::ExportSection(section) => {
                    let entries = section.into_iter().map(Result::unwrap);
                    exports.extend(entries.map(|entry| (entry.name.to_owned(), entry.index)));
                }
                Payload::CodeSectionStart { count, .. } => bodies = count,
                Payload::CodeSectionEntry(body) => {
                    let operators = body.get_operators_reader().unwrap();
                    assert!(operators.into_iter().all(|operator| operator.is_ok()));
                }
                _ => {}
            }
        }
        (exports, bodies)
    }

    #[test]
    fn the_function_is_put_behind_another() {
        let other = module(&["other"]);
        let made = free(&component(&[module(&[FREE, POP, "last"]), other.clone()])).unwrap();
        let modules = sections(&made).unwrap();
        assert!(modules.iter().all(|section| section.is_module));
        let exports = [(FREE, 1), (POP, 4), ("last", 3)];
        let exports = exports.map(|(name, index)| (name.to_owned(), index));
        assert_eq!(functions(modules[0].data), (exports.to_vec(), 4));
        assert_eq!(modules[1].data, other.finish());
    }

    #[test]
    fn a_runtime_that_is_not_known_is_refused() {
        for modules in [&[][..], &[module(&["other"])], &[module(&[POP])]] {
            let error = free(&component(modules)).unwrap_err();
            assert!(error.to_string().contains("came 0"), "{error}");
        }
    }

    #[test]
    fn a_damaged_component_is_an_error() {
        let mut damaged = component(&[module(&[POP, FREE])]);
        damaged.truncate(damaged.len() - 2);
        assert!(free(&damaged).is_err());
    }
}
