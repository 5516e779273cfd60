//! `wasgi-build`: from a source folder to a component that wasgi serves.
//!
//! Owns what a project is and the order of a build; each language has a module that knows its
//! tools. It runs no component and knows no server: what it writes is a file like any other. It
//! never prints: it tells a [`Progress`], and returns a [`Report`] or a [`BuildError`].

pub use self::cache::Cache;
pub use self::error::{BuildError, Place};
pub use self::progress::Progress;
pub use self::project::{Language, Project, Settings, detect, is_project, marks};
pub use self::report::{Built, Report, Sections};

use std::path::PathBuf;

pub mod c;
mod cache;
mod diagnostics;
mod digest;
mod embedded;
mod encode;
mod error;
pub mod go;
pub mod js;
pub mod module;
mod output;
mod patch;
mod process;
mod progress;
mod project;
pub mod python;
mod report;
pub mod ruby;
pub mod rust;
mod sdk;
mod tree;
mod wit;
pub mod zig;
mod ziglang;

/// How to build.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where tools, requirements and what is known of former builds are kept.
    pub cache: Cache,
    /// The component's file. None: `NAME.wasm` in the project's folder.
    pub output: Option<PathBuf>,
    /// Whether the app answers requests before it is frozen, so that what they fill is warm.
    pub warm: bool,
}

/// Builds a project, unless its component is there and nothing has changed since it was built.
///
/// Builds of one project wait for each other. The component is replaced as a whole: whoever reads
/// it sees the old one or the new one.
///
/// # Errors
///
/// If the project, its requirements or this machine cannot be built with. The component that was
/// there stays.
pub fn build(
    project: &Project,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Report, BuildError> {
    match &project.language {
        Language::C(app) => c::build(project, app, options, progress),
        Language::Go(app) => go::build(project, app, options, progress),
        Language::Js(app) => js::build(project, app, options, progress),
        Language::Module(app) => module::build(project, app, options, progress),
        Language::Python(app) => python::build(project, app, options, progress),
        Language::Ruby(app) => ruby::build(project, app, options, progress),
        Language::Rust(app) => rust::build(project, app, options, progress),
        Language::Zig(app) => zig::build(project, app, options, progress),
    }
}
