//! What a build made.
//!
//! Owns the report's two forms: its fields are the JSON, and its `Display` is for people.

use std::fmt::{self, Display};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use wasmparser::{Parser, Payload};

use crate::{c, go, js, module, python, ruby, rust, zig};

/// What a build made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The component.
    pub output: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// What it consists of.
    pub sections: Sections,
    /// Whether it was there, and nothing had changed.
    pub up_to_date: bool,
    /// How long the build took.
    pub milliseconds: u64,
    /// What a developer should look at, a sentence each.
    pub warnings: Vec<String>,
    /// What the language has to tell.
    #[serde(flatten)]
    pub built: Built,
}

/// What a build of each language tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "language", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Built {
    /// From C or C++.
    C(c::Built),
    /// From Go.
    Go(go::Built),
    /// From JavaScript.
    Js(js::Built),
    /// From a core module.
    Module(module::Built),
    /// From Python.
    Python(Box<python::Built>),
    /// From Ruby.
    Ruby(ruby::Built),
    /// From Rust.
    Rust(rust::Built),
    /// From Zig.
    Zig(zig::Built),
}

/// The bytes of a component's parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sections {
    /// Functions.
    pub code: u64,
    /// What is in memory when an instance begins.
    pub data: u64,
    /// Names, types and the rest.
    pub other: u64,
}

impl Sections {
    /// Measures a component. What cannot be read of it counts as the rest.
    pub(crate) fn of(component: &[u8]) -> Self {
        let mut sections = Self::default();
        for payload in Parser::new(0).parse_all(component).map_while(Result::ok) {
            match payload {
                Payload::CodeSectionStart { size, .. } => sections.code += u64::from(size),
                Payload::DataSection(data) => sections.data += data.range().len() as u64,
                _ => {}
            }
        }
        sections.other = (component.len() as u64).saturating_sub(sections.code + sections.data);
        sections
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let output = self.output.display();
        if self.up_to_date {
            return writeln!(f, "{output} is up to date");
        }
        let Sections { code, data, other } = self.sections;
        writeln!(
            f,
            "{output}: {} (code {}, data {}, other {}) in {:.1} s",
            Size(self.bytes),
            Size(code),
            Size(data),
            Size(other),
            self.milliseconds as f64 / 1000.0
        )?;
        match &self.built {
            Built::C(built) => built.fmt(f)?,
            Built::Go(built) => built.fmt(f)?,
            Built::Js(built) => built.fmt(f)?,
            Built::Module(built) => built.fmt(f)?,
            Built::Python(built) => built.fmt(f)?,
            Built::Ruby(built) => built.fmt(f)?,
            Built::Rust(built) => built.fmt(f)?,
            Built::Zig(built) => built.fmt(f)?,
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        Ok(())
    }
}

/// A number of bytes, for people.
pub(crate) struct Size(pub(crate) u64);

impl Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const KIB: u64 = 1024;
        const MIB: u64 = 1024 * KIB;
        match self.0 {
            bytes if bytes >= MIB => write!(f, "{:.1} MiB", bytes as f64 / MIB as f64),
            bytes if bytes >= KIB => write!(f, "{:.1} KiB", bytes as f64 / KIB as f64),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        assert_eq!(Size(10).to_string(), "10 bytes");
        assert_eq!(Size(1536).to_string(), "1.5 KiB");
        assert_eq!(Size(29 * 1024 * 1024).to_string(), "29.0 MiB");
    }

    #[test]
    fn what_is_no_component_has_no_sections() {
        let sections = Sections::of(b"no component");
        assert_eq!(
            sections,
            Sections {
                other: 12,
                ..Sections::default()
            }
        );
    }
}
