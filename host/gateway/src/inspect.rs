//! What a binary says of itself: which contract it serves, what it asks for, how large it is.
//!
//! Reads bytes only. It must not compile or run anything: it decides what may be compiled.

mod concurrency;

use std::path::Path;

use serde::Serialize;
use wasmparser::{Encoding, Parser, Payload};

use crate::binary::Binary;
use crate::error::LoadError;

/// A contract between the host and a component, recognised from what the component exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contract {
    /// `wasgi:gateway/app@0.1`: the native contract.
    Gateway,
    /// `wasi:http/incoming-handler@0.2`.
    Http02,
    /// `wasi:http/handler@0.3`.
    Http03,
    /// `wasi:cli/run@0.2`: a command, which is run as CGI.
    Command,
    /// A core module that exports `_start` and imports `wasi_snapshot_preview1`: a command as
    /// compilers emit it, which is run as CGI too.
    Module,
}

impl Contract {
    /// Every contract.
    pub const ALL: [Self; 5] = [
        Self::Gateway,
        Self::Http02,
        Self::Http03,
        Self::Command,
        Self::Module,
    ];

    /// The interface that a component of this contract exports, without the patch version.
    pub fn interface(self) -> &'static str {
        match self {
            Self::Gateway => "wasgi:gateway/app@0.1",
            Self::Http02 => "wasi:http/incoming-handler@0.2",
            Self::Http03 => "wasi:http/handler@0.3",
            Self::Command => "wasi:cli/run@0.2",
            Self::Module => "_start of a core module",
        }
    }

    /// The contract of a component with these exports. The richest one wins.
    fn of_component(exports: &[String]) -> Option<Self> {
        [Self::Gateway, Self::Http03, Self::Http02, Self::Command]
            .into_iter()
            .find(|contract| {
                exports
                    .iter()
                    .any(|name| is_version_of(name, contract.interface()))
            })
    }
}

/// The contract of a core module with these exports.
fn of_module(exports: &[String]) -> Option<Contract> {
    let is_command = exports.iter().any(|name| name == "_start");
    is_command.then_some(Contract::Module)
}

fn is_version_of(name: &str, interface: &str) -> bool {
    name.strip_prefix(interface)
        .is_some_and(|patch| patch.is_empty() || patch.starts_with('.'))
}

/// What a component says of itself.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// The contract that it serves; none if it is none of those that are known.
    pub contract: Option<Contract>,
    /// The names of its exports.
    pub exports: Vec<String>,
    /// The names of its imports: the capabilities that it asks for.
    pub imports: Vec<String>,
    /// Whether it uses asynchronous functions, streams or futures of the component model.
    pub is_concurrent: bool,
    /// Bytes of the file.
    pub bytes: u64,
    /// The core modules in it.
    pub modules: usize,
    /// The linear memories that its modules define.
    pub memories: Vec<Memory>,
    /// Who produced it, as `name version`.
    pub producers: Vec<String>,
}

impl Inspection {
    /// Whether it is a middleware: an app of the native contract that wraps another one.
    pub fn is_middleware(&self) -> bool {
        self.contract == Some(Contract::Gateway) && self.imports_app()
    }

    /// Whether it would wrap an app, but serves a contract that has no place for that.
    pub(crate) fn wraps_by_another_contract(&self) -> bool {
        self.contract != Some(Contract::Gateway) && self.imports_app()
    }

    /// Whether its memory was initialised by running it when it was built, as that of interpreters
    /// is (Python's, by componentize-py). They recurse deeply.
    pub(crate) fn is_preinitialised(&self) -> bool {
        let mut producers = self.producers.iter();
        producers.any(|producer| producer.starts_with("component-init-transform"))
    }

    fn imports_app(&self) -> bool {
        let app = Contract::Gateway.interface();
        self.imports.iter().any(|name| is_version_of(name, app))
    }
}

/// A linear memory of a component.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Memory {
    /// Bytes at the start.
    pub initial: u64,
    /// Bytes that it may grow to, if the module bounds it.
    pub maximum: Option<u64>,
}

/// Reads a component's own description.
pub fn inspect(binary: &Binary) -> Result<Inspection, LoadError> {
    let (path, bytes) = (binary.path(), binary.bytes());
    check_encoding(path, bytes)?;
    walk(bytes).map_err(|error| {
        LoadError::new(format!(
            "cannot use {}: it is not valid: {error}",
            path.display()
        ))
        .with_hint("the file may be damaged or cut short: build or copy it again")
    })
}

fn check_encoding(path: &Path, bytes: &[u8]) -> Result<(), LoadError> {
    let name = path.display();
    let what = match bytes {
        [] => "it is empty",
        _ if Parser::is_component(bytes) || Parser::is_core_wasm(bytes) => return Ok(()),
        _ => "it is not WebAssembly",
    };
    Err(LoadError::new(format!(
        "cannot use {name}: {what}, but a component or a core module was expected"
    ))
    .with_hint("build a component, for instance with `cargo build --target wasm32-wasip2`"))
}

fn walk(bytes: &[u8]) -> wasmparser::Result<Inspection> {
    let mut found = Inspection {
        contract: None,
        exports: Vec::new(),
        imports: Vec::new(),
        is_concurrent: false,
        bytes: bytes.len() as u64,
        modules: 0,
        memories: Vec::new(),
        producers: Vec::new(),
    };
    let is_module = Parser::is_core_wasm(bytes);
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } => found.modules += 1,
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    found.imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    found.exports.push(export?.name.name.to_owned());
                }
            }
            Payload::ImportSection(section) if is_module => {
                for import in section.into_imports() {
                    let from = import?.module;
                    if !found.imports.iter().any(|import| import == from) {
                        found.imports.push(from.to_owned());
                    }
                }
            }
            Payload::ExportSection(section) if is_module => {
                for export in section {
                    found.exports.push(export?.name.to_owned());
                }
            }
            Payload::ComponentTypeSection(section) => {
                for ty in section {
                    found.is_concurrent |= concurrency::in_type(&ty?);
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    found.is_concurrent |= concurrency::in_function(&function?);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    found.memories.push(Memory::of(&memory?));
                }
            }
            Payload::CustomSection(section) if section.name() == "producers" => {
                add_producers(&mut found.producers, section.data(), section.data_offset())?;
            }
            _ => {}
        }
    }
    found.contract = if is_module {
        of_module(&found.exports)
    } else {
        Contract::of_component(&found.exports)
    };
    Ok(found)
}

impl Memory {
    fn of(memory: &wasmparser::MemoryType) -> Self {
        let page = 1_u64 << memory.page_size_log2.unwrap_or(16);
        Self {
            initial: memory.initial.saturating_mul(page),
            maximum: memory.maximum.map(|pages| pages.saturating_mul(page)),
        }
    }
}

fn add_producers(all: &mut Vec<String>, data: &[u8], offset: usize) -> wasmparser::Result<()> {
    let reader = wasmparser::BinaryReader::new(data, offset);
    for field in wasmparser::ProducersSectionReader::new(reader)? {
        for value in field?.values {
            let value = value?;
            let producer = format!("{} {}", value.name, value.version)
                .trim_end()
                .to_owned();
            if !all.contains(&producer) {
                all.push(producer);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognise(exports: &[&str]) -> Option<Contract> {
        Contract::of_component(
            &exports
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn recognises_a_contract_among_other_exports() {
        assert_eq!(
            recognise(&["init", "wasgi:gateway/app@0.1.0"]),
            Some(Contract::Gateway)
        );
        assert_eq!(
            recognise(&["wasi:http/incoming-handler@0.2.12"]),
            Some(Contract::Http02)
        );
        assert_eq!(
            recognise(&["wasi:http/handler@0.3.0"]),
            Some(Contract::Http03)
        );
        assert_eq!(recognise(&["wasi:cli/run@0.2.6"]), Some(Contract::Command));
    }

    #[test]
    fn a_core_module_is_a_command_if_it_has_a_start() {
        let exports = |names: &[&str]| {
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>()
        };
        let both = exports(&["memory", "_initialize", "_start"]);
        assert_eq!(of_module(&both), Some(Contract::Module));
        assert_eq!(of_module(&exports(&["memory", "_initialize"])), None);
    }

    #[test]
    fn does_not_take_another_version_for_its_own() {
        for name in [
            "wasgi:gateway/app@0.10.0",
            "wasgi:gateway/app",
            "wasi:http/handler@0.2.0",
        ] {
            assert_eq!(recognise(&[name]), None, "{name}");
        }
    }

    #[test]
    fn names_what_a_file_is_instead_of_a_component() {
        for (bytes, what) in [
            (&b""[..], "empty"),
            (b"#!/bin/sh", "not WebAssembly"),
            (b"\0asm\x0d\0\x01\0\xff", "not valid"),
        ] {
            let binary = Binary::new(Path::new("x.wasm"), bytes.into()).unwrap();
            let error = inspect(&binary).unwrap_err().to_string();
            assert!(error.contains("x.wasm") && error.contains(what), "{error}");
        }
    }
}
