//! Ruby's module, made to speak the native contract.
//!
//! The module on npm speaks with JavaScript: it imports functions of a host that has JavaScript
//! objects, and exports functions that evaluate Ruby. Here the former are replaced by functions of
//! the module's own, and functions of the contract are added that call Ruby. What they say to each
//! other is in `guests/ruby/wasgi/memory.rb`; nothing here knows what a request is.

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, FunctionSection, GlobalSection,
    GlobalType, ImportSection, InstructionSink, Module, TypeSection, ValType,
};
use wasmparser::{Parser, Payload, TypeRef};

use super::functions::{self, Known};
use crate::error::BuildError;

/// The export that starts Ruby, before the memory is frozen.
pub(super) const INITIALIZE: &str = "wizer-initialize";

/// The module, with the driver in it. `boot` is the Ruby that is evaluated first; its value has a
/// method `call`.
pub(super) fn drive(ruby: &[u8], boot: &str) -> Result<Vec<u8>, BuildError> {
    let found = Found::read(ruby).map_err(|error| refused(&error))?;
    let known = found.known()?;
    let mut driver = Driver {
        found: &found,
        added: functions::all(&known, boot, &found.host_imports),
        types: found.types,
    };
    let mut module = Module::new();
    driver
        .parse_core_module(&mut module, Parser::new(0), ruby)
        .map_err(|error| refused(&error))?;
    Ok(module.finish())
}

fn refused(error: &impl std::fmt::Display) -> BuildError {
    BuildError::new(format!("cannot read Ruby's module: {error}"))
        .hint("the cache may be damaged: remove its folder `build/tool`")
}

/// A function that the module has besides its own.
pub(super) struct Added {
    /// What it is called outside, if it is.
    pub(super) export: Option<&'static str>,
    pub(super) params: Vec<ValType>,
    pub(super) results: Vec<ValType>,
    /// Its locals besides its parameters, all of type `i32`.
    pub(super) locals: u32,
    pub(super) body: Vec<u8>,
}

/// A function that an engine gives to the module besides what it asks for.
pub(super) struct Import {
    pub(super) module: &'static str,
    pub(super) name: &'static str,
    pub(super) params: &'static [ValType],
    pub(super) results: &'static [ValType],
}

/// A function that the module imports from a host with JavaScript.
pub(super) struct HostImport {
    pub(super) name: String,
    pub(super) params: Vec<ValType>,
    pub(super) results: Vec<ValType>,
}

/// What is in the module.
#[derive(Default)]
struct Found {
    types: u32,
    globals: u32,
    functions: u32,
    /// The imported functions in their order: where each is found in the new module.
    places: Vec<Place>,
    host_imports: Vec<HostImport>,
    /// The names of the imports that stay, in their order.
    kept: Vec<String>,
    exports: Vec<(String, u32)>,
}

#[derive(Clone, Copy)]
enum Place {
    /// It stays an import.
    Kept(u32),
    /// It becomes a function of the driver.
    Driver(u32),
}

const WASI: &str = "wasi_snapshot_preview1";

impl Found {
    fn read(ruby: &[u8]) -> Result<Self, wasmparser::BinaryReaderError> {
        let mut found = Self::default();
        let mut types = Vec::new();
        for payload in Parser::new(0).parse_all(ruby) {
            match payload? {
                Payload::TypeSection(section) => {
                    found.types = section.count();
                    for function in section.into_iter_err_on_gc_types() {
                        types.push(function?);
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        found.import(&import?, &types);
                    }
                }
                Payload::FunctionSection(section) => found.functions = section.count(),
                Payload::GlobalSection(section) => found.globals = section.count(),
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        found.exports.push((export.name.to_owned(), export.index));
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn import(&mut self, import: &wasmparser::Import<'_>, types: &[wasmparser::FuncType]) {
        let TypeRef::Func(of) = import.ty else { return };
        if import.module == WASI {
            self.places.push(Place::Kept(count(self.kept.len())));
            self.kept.push(import.name.to_owned());
            return;
        }
        self.places
            .push(Place::Driver(count(self.host_imports.len())));
        let types = types.get(of as usize);
        let all = |types: &[wasmparser::ValType]| {
            let types = types.iter().map(|ty| match ty {
                wasmparser::ValType::I64 => ValType::I64,
                wasmparser::ValType::F64 => ValType::F64,
                wasmparser::ValType::F32 => ValType::F32,
                _ => ValType::I32,
            });
            types.collect::<Vec<_>>()
        };
        self.host_imports.push(HostImport {
            name: import.name.to_owned(),
            params: types.map(|ty| all(ty.params())).unwrap_or_default(),
            results: types.map(|ty| all(ty.results())).unwrap_or_default(),
        });
    }

    /// The indices in the new module of what the driver calls.
    fn known(&self) -> Result<Known, BuildError> {
        let export = |name: &str| {
            // Some names go on with their types.
            let found = self.exports.iter().find(|(export, _)| {
                let start = export.split(": ").next().unwrap_or(export);
                start == name
            });
            let index = found.map(|(_, index)| self.place(*index));
            index.ok_or_else(|| lacks(name))
        };
        let wasi = |name: &str| {
            let found = self.kept.iter().position(|kept| kept == name);
            found.map(count).ok_or_else(|| lacks(name))
        };
        let imports = count(self.kept.len());
        Ok(Known {
            initialize: export("_initialize")?,
            pack: export("wasi_vfs_pack_fs")?,
            realloc: export("cabi_realloc")?,
            ruby_init: export("ruby-init")?,
            eval: export("rb-eval-string-protect")?,
            intern: export("rb-intern")?,
            call: export("rb-funcallv-protect")?,
            environ_sizes: wasi("environ_sizes_get")?,
            environ: wasi("environ_get")?,
            imports,
            driver: self.first_driven(),
            globals: self.globals,
        })
    }

    /// The index of the driver's first function.
    fn first_driven(&self) -> u32 {
        count(self.kept.len() + functions::IMPORTS.len()) + self.functions
    }

    /// Where a function of the module is in the new one.
    fn place(&self, function: u32) -> u32 {
        match self.places.get(function as usize) {
            Some(Place::Kept(index)) => *index,
            Some(Place::Driver(index)) => self.first_driven() + index,
            None => {
                let own = function - count(self.places.len());
                count(self.kept.len() + functions::IMPORTS.len()) + own
            }
        }
    }
}

fn lacks(name: &str) -> BuildError {
    BuildError::new(format!(
        "expected `{name}` in Ruby's module, which is not the one that this version knows"
    ))
    .hint("remove the folder `build/tool` of the cache")
}

fn count(length: usize) -> u32 {
    u32::try_from(length).expect("a module has fewer than 2^32 of anything")
}

struct Driver<'a> {
    found: &'a Found,
    added: Vec<Added>,
    types: u32,
}

impl Reencode for Driver<'_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<Self::Error>> {
        Ok(self.found.place(function))
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        utils::parse_type_section(self, types, section)?;
        for import in functions::IMPORTS {
            let (params, results) = (import.params, import.results);
            types
                .ty()
                .function(params.iter().copied(), results.iter().copied());
        }
        for added in &self.added {
            let (params, results) = (&added.params, &added.results);
            types
                .ty()
                .function(params.iter().copied(), results.iter().copied());
        }
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        for import in section.into_imports() {
            let import = import?;
            if import.module == WASI {
                self.parse_import(imports, import)?;
            }
        }
        for (index, import) in (self.types..).zip(functions::IMPORTS) {
            imports.import(import.module, import.name, EntityType::Function(index));
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        utils::parse_function_section(self, functions, section)?;
        let first = self.types + count(functions::IMPORTS.len());
        for (index, _) in (first..).zip(&self.added) {
            functions.function(index);
        }
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        utils::parse_global_section(self, globals, section)?;
        for _ in 0..functions::GLOBALS {
            let ty = GlobalType {
                val_type: ValType::I32,
                mutable: true,
                shared: false,
            };
            globals.global(ty, &ConstExpr::i32_const(0));
        }
        Ok(())
    }

    /// Of the module's own exports only its memory stays.
    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        _: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        exports.export("memory", ExportKind::Memory, 0);
        for (index, added) in (self.found.first_driven()..).zip(&self.added) {
            if let Some(name) = added.export {
                exports.export(name, ExportKind::Func, index);
            }
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        utils::parse_code_section(self, code, section)?;
        for added in &self.added {
            let mut function = wasm_encoder::Function::new([(added.locals, ValType::I32)]);
            function.raw(added.body.iter().copied());
            code.function(&function);
        }
        Ok(())
    }
}

/// The bytes of a body that is written by `write`.
pub(super) fn body(write: impl FnOnce(&mut InstructionSink<'_>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut sink = InstructionSink::new(&mut bytes);
    write(&mut sink);
    sink.end();
    bytes
}
