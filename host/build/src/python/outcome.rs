//! What the guest tells of a build, and what a developer is told of it.
//!
//! Owns the form of the guest's report, and the translation of its paths, which are those that the
//! app sees, to those of the project.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::App;
use super::site::Contents;
use crate::error::BuildError;
use crate::process::Ended;
use crate::report::Size;

/// What was built of an app in Python.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Built {
    /// Where the app is.
    pub module: String,
    /// How it is called: `wsgi`, `asgi` or `handler`.
    pub interface: String,
    /// The version of the guest's Python.
    pub python: String,
    /// The requirements, such as `flask 3.1.3`.
    pub requirements: Vec<String>,
    /// Those of them whose native parts were left out.
    pub without_native: Vec<String>,
    /// Those of them with libraries of WebAssembly, which are linked into the component.
    pub linked: Vec<String>,
    /// Packages that were left out, since those that use them do without.
    pub requirements_left_out: Vec<String>,
    /// What is kept for when the app asks for it, of the app, its requirements and Python.
    pub captured: BTreeMap<String, Captured>,
    /// Files of the app that were not taken.
    pub left_out: Vec<LeftOut>,
    /// What the app imports that is not there.
    pub missing: Vec<MissingImport>,
    /// Where the environment was read while the app was frozen.
    pub environment: Vec<EnvironmentRead>,
    /// The requests by which it was warmed.
    pub warm: Vec<Warmed>,
    /// What it printed while it was frozen.
    pub printed: String,
    /// How long the steps in the guest took.
    pub seconds: BTreeMap<String, f64>,
}

/// What is kept of one part.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Captured {
    /// Modules.
    pub modules: u64,
    /// Other files.
    pub files: u64,
    /// Bytes of both.
    pub bytes: u64,
}

/// A file that was not taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LeftOut {
    /// The file.
    pub file: String,
    /// Why.
    pub reason: String,
}

/// An import of something that is not there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MissingImport {
    /// What is imported.
    pub module: String,
    /// Where.
    pub file: String,
    /// The line there.
    pub line: usize,
}

/// A variable that was read while the app was frozen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnvironmentRead {
    /// The variable.
    pub key: String,
    /// Where.
    pub file: String,
    /// The line there.
    pub line: usize,
}

/// A path that was requested before the app was frozen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Warmed {
    /// The path.
    pub path: String,
    /// The status of the last response.
    pub status: Option<u16>,
    /// How often.
    #[serde(default)]
    pub rounds: u64,
    /// How long the last one took.
    #[serde(default)]
    pub milliseconds: f64,
    /// Why it failed.
    pub error: Option<String>,
}

/// The guest's report, as it writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Guest {
    ok: bool,
    error: Option<Failed>,
    interface: Option<String>,
    python: String,
    environment: Vec<EnvironmentRead>,
    captured: BTreeMap<String, Captured>,
    left_out: Vec<LeftOut>,
    missing: Vec<MissingImport>,
    warm: Vec<Warmed>,
    output: String,
    seconds: BTreeMap<String, f64>,
}

/// Why the app cannot be frozen.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Failed {
    kind: String,
    message: String,
    hint: Option<String>,
    file: Option<String>,
    line: Option<usize>,
    traceback: Option<String>,
}

/// Reads how a build ended in the guest.
pub(super) fn read(app: &App, report: &Path, ended: &Ended) -> Result<Built, BuildError> {
    let guest = read_report(report);
    if ended.status.success() {
        let mut built = guest.unwrap_or_default().built(app);
        built.module.clone_from(&app.module);
        return Ok(built);
    }
    let Some(Guest {
        ok: false,
        error: Some(failed),
        output,
        ..
    }) = guest
    else {
        return Err(of_tool(ended));
    };
    if failed.kind == "internal" {
        return Err(of_tool(ended));
    }
    let mut error = BuildError::new(failed.message);
    if let Some(file) = &failed.file {
        error = error.at(place(app, file), failed.line);
    }
    if let Some(hint) = failed.hint {
        error = error.hint(hint);
    }
    let traceback = translated(app, &failed.traceback.unwrap_or_default());
    let texts = [output.trim(), traceback.trim()];
    let texts: Vec<_> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    Err(error.output(texts.join("\n")))
}

/// The tool failed for reasons that the guest does not know.
fn of_tool(ended: &Ended) -> BuildError {
    // What follows is of the tool's own functions.
    let output = ended.output.split("Stack backtrace:").next().unwrap_or("");
    BuildError::new(format!("componentize-py failed ({})", ended.status))
        .hint("if what it says is not about your app, please report it with the output below")
        .output(output.trim_end())
}

fn read_report(path: &Path) -> Option<Guest> {
    let mut text = String::new();
    // Limit: REPORT_BYTES_MAX
    let file = File::open(path).ok()?.take(REPORT_BYTES_MAX);
    { file }.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Bytes of a guest's report.
const REPORT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Where a file is that the app sees.
fn place(app: &App, file: &str) -> PathBuf {
    match file.strip_prefix(APP) {
        Some(file) => app.source.join(file),
        None => PathBuf::from(file),
    }
}

/// The source as the app sees it.
const APP: &str = "/app/";

fn translated(app: &App, text: &str) -> String {
    let source = app.source.display();
    text.replace("\"/app/", &format!("\"{source}/"))
}

impl Guest {
    fn built(self, app: &App) -> Built {
        let shown = |file: String| match file.strip_prefix(APP) {
            Some(file) => file.to_owned(),
            None => file,
        };
        let mut built = Built {
            module: app.module.clone(),
            interface: self.interface.unwrap_or_default(),
            python: self.python,
            captured: self.captured,
            left_out: self.left_out,
            missing: self.missing,
            environment: self.environment,
            warm: self.warm,
            printed: self.output,
            seconds: self.seconds,
            ..Built::default()
        };
        for file in &mut built.left_out {
            file.file = shown(std::mem::take(&mut file.file));
        }
        for import in &mut built.missing {
            import.file = shown(std::mem::take(&mut import.file));
        }
        for read in &mut built.environment {
            read.file = shown(std::mem::take(&mut read.file));
        }
        built
    }
}

impl Built {
    /// Adds what was installed.
    pub(super) fn with(self, contents: Contents) -> Self {
        Self {
            requirements: contents.packages,
            without_native: contents.without_native,
            linked: contents.linked,
            requirements_left_out: contents.left_out,
            ..self
        }
    }

    /// What a developer should look at.
    pub(super) fn warnings(&self, app: &App) -> Vec<String> {
        let mut warnings = app.notes.clone();
        let mut told = std::collections::BTreeSet::new();
        for EnvironmentRead { key, file, line } in &self.environment {
            // What libraries read has defaults that are meant.
            if !file.starts_with("/") && told.insert((key, file)) {
                warnings.push(format!(
                    "{file}:{line} reads {key} from the environment while the app is frozen, so it \
                     never sees another value: read it in a function of `wasgi.on_instance`, or \
                     set it in [build.env]"
                ));
            }
        }
        for MissingImport { module, file, line } in &self.missing {
            warnings.push(format!(
                "{file}:{line} imports {module}, which is not there: it fails when it gets there"
            ));
        }
        for LeftOut { file, reason } in &self.left_out {
            warnings.push(format!(
                "{file} is left out ({reason}): grant its folder with [[app.dir]], or name it in \
                 `include` of [build]"
            ));
        }
        for warmed in &self.warm {
            let path = &warmed.path;
            match (&warmed.error, warmed.status) {
                (Some(error), _) => warnings.push(format!("the warm-up of {path} failed: {error}")),
                (None, Some(status @ 500..)) => {
                    warnings.push(format!("the warm-up of {path} was answered with {status}"));
                }
                _ => {}
            }
        }
        // Limit: WARNINGS_MAX
        let more = warnings.len().saturating_sub(WARNINGS_MAX);
        warnings.truncate(WARNINGS_MAX);
        if more > 0 {
            warnings.push(format!("and {more} more: see `--json`"));
        }
        warnings
    }
}

/// Warnings of one build.
const WARNINGS_MAX: usize = 50;

impl Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (module, interface, python) = (&self.module, &self.interface, &self.python);
        writeln!(f, "app           {module} ({interface}), Python {python}")?;
        let none = |list: &[String]| match list {
            [] => "none".to_owned(),
            list => list.join(", "),
        };
        writeln!(f, "requirements  {}", none(&self.requirements))?;
        if !self.without_native.is_empty() {
            writeln!(f, "not native    {}", none(&self.without_native))?;
        }
        if !self.linked.is_empty() {
            writeln!(f, "linked        {}", none(&self.linked))?;
        }
        if !self.requirements_left_out.is_empty() {
            writeln!(f, "left out      {}", none(&self.requirements_left_out))?;
        }
        for (part, captured) in &self.captured {
            let Captured {
                modules,
                files,
                bytes,
            } = captured;
            let title = format!("of {part}");
            let size = Size(*bytes);
            writeln!(f, "{title:<13} {modules} modules and {files} files, {size}")?;
        }
        for warmed in self.warm.iter().filter(|warmed| warmed.error.is_none()) {
            let status = warmed.status.unwrap_or_default();
            let (path, time) = (&warmed.path, warmed.milliseconds);
            writeln!(f, "warmed        {path} ({status}, {time:.1} ms)")?;
        }
        Ok(())
    }
}
