//! From a source and its requirements to a component.
//!
//! Owns what a component is made of, and so what decides whether it is up to date.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::{App, Built, Site, lists, outcome, runtime, site, snapshot, tool};
use crate::Options;
use crate::cache::Cache;
use crate::digest::Digest;
use crate::error::BuildError;
use crate::output::{Output, remove};
use crate::progress::Progress;
use crate::project::Project;
use crate::report::{self, Report};
use crate::tree::{self, Filter};

/// Builds a project, or finds its component up to date.
pub(crate) fn build(
    project: &Project,
    app: &App,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Report, BuildError> {
    let output = Output::begin(project, options, progress)?;
    let mut build = Build {
        project,
        app,
        warm: if options.warm { &app.warm } else { &[] },
        cache: &options.cache,
        progress,
    };
    build.run(output)
}

struct Build<'a> {
    project: &'a Project,
    app: &'a App,
    warm: &'a [String],
    cache: &'a Cache,
    progress: &'a mut dyn Progress,
}

impl Build<'_> {
    fn run(&mut self, output: Output) -> Result<Report, BuildError> {
        let (source, made) = (output.folder.join("source"), output.folder.join("build"));
        for folder in [&source, &made] {
            fs::create_dir_all(folder)
                .map_err(|error| BuildError::cannot("make", folder, &error))?;
        }
        self.progress.step("reading the source");
        let filter = Filter {
            left_out: LEFT_OUT,
            include: tree::patterns(&self.app.include)?,
        };
        let mirror = tree::mirror(&self.app.source, &source, &filter)?;
        let settings = self.settings();
        let inputs = self.inputs(mirror.digest, &settings)?;
        if let Some(report) = output.former(&inputs)? {
            return Ok(report);
        }

        let mut built = self.make(&source, &made, &settings)?;
        for file in mirror.left_out {
            let end = file.extension().unwrap_or_default();
            let is_made = ["pyc", "wasm", "whl"].iter().any(|made| end == *made);
            if !is_made {
                let file = file.display().to_string();
                let reason = "its name says that it changes or is native".to_owned();
                built.left_out.push(outcome::LeftOut { file, reason });
            }
        }
        let mut component = fs::read(made.join(COMPONENT))
            .map_err(|error| BuildError::cannot("read", &made.join(COMPONENT), &error))?;
        snapshot::finish(&mut component, &made)?;
        let component = lists::free(&component)?;
        remove(&made.join(COMPONENT))?;
        let warnings = built.warnings(self.app);
        output.finish(
            &component,
            inputs,
            warnings,
            report::Built::Python(Box::new(built)),
        )
    }

    /// The module by which the guest learns what to do.
    fn settings(&self) -> String {
        let text = |text: &str| serde_json::to_string(text).expect("a text has a form in JSON");
        let tuple = |list: &[String]| {
            let items: String = list.iter().map(|item| text(item) + ", ").collect();
            format!("({items})")
        };
        let mut module = String::new();
        let env: String = self
            .app
            .env
            .iter()
            .map(|(name, value)| format!("{}: {}, ", text(name), text(value)))
            .collect();
        for (name, value) in [
            ("MODULE", text(&self.app.module)),
            ("WARM", tuple(self.warm)),
            ("ENV", format!("{{{env}}}")),
            ("INCLUDE", tuple(&self.app.include)),
        ] {
            writeln!(module, "{name} = {value}").expect("a string takes every write");
        }
        module
    }

    /// The digest of all that the component is made of.
    fn inputs(&self, source: Digest, settings: &str) -> Result<String, BuildError> {
        let mut digest = Digest::of([env!("CARGO_PKG_VERSION"), tool::COMPONENTIZE, settings]);
        digest.add(runtime::embedded());
        digest.add(include_str!("lists.rs"));
        digest.add(include_str!("snapshot.rs"));
        digest.add(source.hex());
        digest.add(self.app.requirements.digest()?.hex());
        // What is told of it says where it is, and what was noted.
        digest.add(self.app.source.as_os_str().as_encoded_bytes());
        digest.add(Digest::of(&self.app.notes).hex());
        Ok(digest.hex())
    }

    fn make(&mut self, source: &Path, made: &Path, settings: &str) -> Result<Built, BuildError> {
        let tool = tool::install(self.cache, self.progress)?;
        let runtime = runtime::lay_out(self.cache, self.progress)?;
        let (folder, needs) = (&self.project.folder, &self.app.requirements);
        let site = site::install(folder, needs, self.cache, self.progress)?;
        let path = made.join("wasgi_app.py");
        fs::write(&path, settings).map_err(|error| BuildError::cannot("write", &path, &error))?;
        let report = made.join("report.json");
        remove(&report)?;

        self.progress.step(&match self.warm.len() {
            0 => format!("freezing {}", self.app.module),
            _ => format!("freezing {} after a warm-up", self.app.module),
        });
        let code = self.cache.folder(BYTE_CODE)?;
        let folders = [&runtime.package, made, source, &site.folder, &code];
        let component = made.join(COMPONENT);
        let ended = tool.run(
            &runtime,
            "wasgi.runtime.entry",
            &folders,
            &component,
            self.progress,
        )?;
        Ok(outcome::read(self.app, &report, &ended)?.with(site.contents))
    }
}

/// The component before it becomes the output.
const COMPONENT: &str = "component.wasm";

/// The byte code that builds share: each file is named for what it is made of.
const BYTE_CODE: &str = "bytecode";

/// Ends of the names of files that the guest leaves out too, for what they are: data that changes
/// while the app runs, and what is made of something else.
const LEFT_OUT: &[&str] = &[
    ".pyc", ".wasm", ".db", ".sqlite", ".sqlite3", "-journal", "-shm", "-wal", ".log", ".so",
    ".whl",
];

/// The component that serves apps from their source, with what is native in a site.
pub(super) fn dev(
    cache: &Cache,
    site: Option<&Site>,
    progress: &mut dyn Progress,
) -> Result<PathBuf, BuildError> {
    let finishing = include_str!("lists.rs");
    let mut digest = Digest::of([tool::COMPONENTIZE, &runtime::embedded(), finishing]);
    if let Some(site) = site {
        // A site is called by the digest of what it was made of.
        digest.add(site.folder.as_os_str().as_encoded_bytes());
    }
    let entry = cache.entry("dev", &digest.name(), progress, |entry, progress| {
        let tool = tool::install(cache, progress)?;
        let runtime = runtime::lay_out(cache, progress)?;
        progress.step("building the component for development, once");
        let code = cache.folder(BYTE_CODE)?;
        let folders = [&*runtime.package, &*code];
        let site = site.map(|site| &*site.folder);
        let folders: Vec<_> = folders.into_iter().chain(site).collect();
        let component = entry.join(DEV);
        let ended = tool.run(
            &runtime,
            "wasgi.runtime.dev",
            &folders,
            &component,
            progress,
        )?;
        if !ended.status.success() {
            return Err(
                BuildError::new("cannot build the component for development").output(ended.output),
            );
        }
        let built =
            fs::read(&component).map_err(|error| BuildError::cannot("read", &component, &error))?;
        fs::write(&component, lists::free(&built)?)
            .map_err(|error| BuildError::cannot("write", &component, &error))
    })?;
    Ok(entry.join(DEV))
}

const DEV: &str = "python.wasm";
