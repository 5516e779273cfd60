//! From a core module to a component.
//!
//! Owns what a core module says of itself, by the names of its exports and imports, and which
//! adapter it needs. How it came to be is the languages' to know.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as WASIP1, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::error::BuildError;
use crate::wit;

mod slim;

/// What a core module says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Module {
    /// The names of its exports.
    pub(crate) exports: Vec<String>,
    /// What it imports: from where, and the name there.
    pub(crate) imports: Vec<(String, String)>,
    /// Whether a section of it has the types of the component that it is to become.
    pub(crate) has_types: bool,
}

/// What a core module can become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Becomes {
    /// A component of the native contract.
    App,
    /// A component of what its types say.
    Typed,
    /// A command with types, whose entry is its `_start`.
    TypedCommand,
    /// Nothing: it is a command, which is served as CGI as it is.
    Command,
}

/// Makes a component of a core module.
///
/// The types are those in the module, if it has some; without them it must export the functions of
/// the native contract by their names in WIT's naming.
pub(crate) fn component(core: &[u8]) -> Result<Vec<u8>, BuildError> {
    let module = Module::read(core)?;
    let becomes = module.becomes()?;
    let mut bytes = slim::slim(core).map_err(|error| not_valid(&error))?;
    if !module.has_types {
        module.check_imports()?;
        let (resolve, world) = wit::guest();
        embed_component_metadata(&mut bytes, &resolve, world, StringEncoding::UTF8)
            .map_err(|error| refused(&error))?;
    }
    let mut encoder = ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .map_err(|error| refused(&error))?;
    // Without it, a guest that uses nothing of WASI asks for nothing and starts sooner.
    if module.imports.iter().any(|(from, _)| from == WASIP1) {
        let adapter = match becomes {
            Becomes::TypedCommand | Becomes::Command => WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
            Becomes::App | Becomes::Typed => WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
        };
        encoder = encoder
            .adapter(WASIP1, adapter)
            .map_err(|error| refused(&error))?;
    }
    encoder.encode().map_err(|error| refused(&error))
}

impl Module {
    /// Reads a core module.
    pub(crate) fn read(core: &[u8]) -> Result<Self, BuildError> {
        if !Parser::is_core_wasm(core) {
            let what = match Parser::is_component(core) {
                true => "it is a component already",
                false => "it is not WebAssembly",
            };
            return Err(BuildError::new(format!(
                "expected a core module of WebAssembly, but {what}"
            )));
        }
        Self::walk(core).map_err(|error| not_valid(&error))
    }

    fn walk(core: &[u8]) -> wasmparser::Result<Self> {
        let mut module = Self::default();
        for payload in Parser::new(0).parse_all(core) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        let name = (import.module.to_owned(), import.name.to_owned());
                        module.imports.push(name);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        module.exports.push(export?.name.to_owned());
                    }
                }
                Payload::CustomSection(section) => {
                    module.has_types |= section.name().starts_with("component-type");
                }
                _ => {}
            }
        }
        Ok(module)
    }

    /// What it can become, by what it exports.
    pub(crate) fn becomes(&self) -> Result<Becomes, BuildError> {
        let is_command = self.exports.iter().any(|name| name == "_start");
        let mut versions = self.exports.iter().filter_map(|name| version(name));
        match versions.next() {
            Some(version) if !KNOWN.contains(&version) => Err(BuildError::new(format!(
                "expected a module of {}@{}, got one of version {version}",
                wit::APP,
                KNOWN[0]
            ))
            .hint("build it with an SDK of this version, or update wasgi")),
            Some(_) => Ok(Becomes::App),
            None if self.has_types && is_command => Ok(Becomes::TypedCommand),
            None if self.has_types => Ok(Becomes::Typed),
            None if is_command => Ok(Becomes::Command),
            None => Err(self.is_nothing()),
        }
    }

    fn is_nothing(&self) -> BuildError {
        let http = self.exports.iter().find(|name| name.contains("wasi:http/"));
        if let Some(name) = http {
            return BuildError::new(format!(
                "cannot make a component of a module that exports `{name}` and has no types of it"
            ))
            .hint("link the object file with them that wit-bindgen writes, or name the WIT to `wasm-tools component embed`");
        }
        BuildError::new(format!(
            "expected a module that exports the functions of {} or `_start`, got one that exports {}",
            wit::APP,
            names(self.exports.iter().map(String::as_str))
        ))
        .hint("link what an SDK of wasgi generates, or build a program with `main` and serve it as CGI")
    }

    /// Checks that what it imports is there. The encoder would name the first only.
    fn check_imports(&self) -> Result<(), BuildError> {
        let missing = self
            .imports
            .iter()
            .filter(|(from, _)| from == "env" || from.starts_with("GOT."))
            .map(|(_, name)| name.as_str());
        if missing.clone().next().is_none() {
            return Ok(());
        }
        Err(BuildError::new(format!(
            "the module uses what nothing defines: {}",
            names(missing)
        ))
        .hint("link the library that has it; what needs threads, processes or signals is not there in WebAssembly"))
    }
}

/// The versions of the native contract that there are, in both forms that names carry them in.
const KNOWN: [&str; 2] = ["0.1.0", "0.1"];

/// The version of the native contract of which an export is a function.
fn version(export: &str) -> Option<&str> {
    let name = export.strip_prefix("cm32p2|").unwrap_or(export);
    let version = name.strip_prefix(wit::APP)?.strip_prefix('@')?;
    version.split(['#', '|']).next()
}

/// Some of many names, for people.
fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(NAMES_MAX);
    names.truncate(NAMES_MAX);
    match (names.is_empty(), more) {
        (true, _) => "nothing".to_owned(),
        (_, 0) => names.join(", "),
        _ => format!("{} and {more} more", names.join(", ")),
    }
}

/// Names that a message has. Who misses a library misses hundreds.
const NAMES_MAX: usize = 5;

fn not_valid(error: &wasmparser::BinaryReaderError) -> BuildError {
    BuildError::new(format!("the core module is not valid: {error}"))
        .hint("the file may be damaged or cut short: build it again")
}

fn refused(error: &impl std::fmt::Display) -> BuildError {
    BuildError::new("cannot make a component of the module")
        .output(format!("{error:#}"))
        .hint("what it imports must be WASI (preview 1) or the contract in `wit/`; update the SDK that it was built with")
}

#[cfg(test)]
mod tests;
