//! C and C++.
//!
//! Owns which files are compiled and how. The project's own are compiled beside the SDK's
//! (`guests/c`), which is embedded here.

use std::fmt::{self, Display};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::compiler::{Compiler, Language};
use crate::Options;
use crate::diagnostics;
use crate::digest::Digest;
use crate::encode;
use crate::error::BuildError;
use crate::output::{Output, remove};
use crate::process;
use crate::progress::Progress;
use crate::project::{Project, Settings};
use crate::report::{self, Report};
use crate::sdk::{self, Sdk};
use crate::tree::{self, Filter};

mod compiler;

/// An app in C or C++, as it was found.
#[derive(Clone, Debug)]
pub struct App {
    /// What is compiled, relative to the project's folder.
    pub sources: Vec<PathBuf>,
    /// What the compiler is told besides.
    pub flags: Vec<String>,
    /// Patterns of files that are compiled although they lie elsewhere.
    pub include: Vec<String>,
}

/// What is told of a component that was made of C or C++.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Built {
    /// What compiled it.
    pub compiler: String,
    /// The sources, without those of the SDK.
    pub sources: Vec<PathBuf>,
}

impl Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.sources.len();
        let files = if count == 1 { "file" } else { "files" };
        writeln!(f, "  {count} {files}, compiled by {}", self.compiler)
    }
}

/// By what a folder is told to be a project in C or C++.
pub(crate) const MARKS: &str = "a C or C++ file that includes wasgi.h";

/// Whether a folder has a source that is one for wasgi.
pub(crate) fn is_project(folder: &Path) -> bool {
    ["", "src"].iter().any(|place| {
        let files = fs::read_dir(folder.join(place)).into_iter().flatten();
        files
            .flatten()
            .map(|file| file.path())
            .filter(|file| Language::of(file).is_some() || is_header(file))
            .any(|file| fs::read(file).is_ok_and(|text| includes_sdk(&text)))
    })
}

fn is_header(file: &Path) -> bool {
    file.extension()
        .is_some_and(|end| end == "h" || end == "hpp")
}

fn includes_sdk(source: &[u8]) -> bool {
    let source = String::from_utf8_lossy(source);
    let mut lines = source.lines().map(str::trim_start);
    lines.any(|line| {
        let is_include = line.strip_prefix('#').map(str::trim_start);
        is_include.is_some_and(|line| line.starts_with("include") && line.contains("wasgi.h"))
    })
}

/// Finds what is to be compiled: the sources in the folder and anywhere below its `src`.
pub(crate) fn detect(folder: &Path, settings: Settings) -> Result<App, BuildError> {
    let included = tree::patterns(&settings.include)?;
    let mut sources = Vec::new();
    for file in tree::files(folder, &filter(&settings.include)?)? {
        let is_in_place = file.parent() == Some(Path::new("")) || file.starts_with("src");
        if Language::of(&file).is_some() && (is_in_place || included.is_match(&file)) {
            sources.push(file);
        }
    }
    if sources.is_empty() {
        return Err(BuildError::new(format!(
            "expected sources in C or C++ in {} or its `src`, got none",
            folder.display()
        ))
        .hint("name others by patterns: `include` in `[build]`"));
    }
    Ok(App {
        sources,
        flags: settings.flags,
        include: settings.include,
    })
}

fn filter(include: &[String]) -> Result<Filter, BuildError> {
    Ok(Filter {
        left_out: &[".o", ".a", ".wasm", ".so"],
        include: tree::patterns(include)?,
    })
}

/// Builds a project, or finds its component up to date.
pub(crate) fn build(
    project: &Project,
    app: &App,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Report, BuildError> {
    let output = Output::begin(project, options, progress)?;
    let (source, made) = (output.folder.join("source"), output.folder.join("build"));
    for folder in [&source, &made] {
        fs::create_dir_all(folder).map_err(|error| BuildError::cannot("make", folder, &error))?;
    }
    let mirror = tree::mirror(&project.folder, &source, &filter(&app.include)?)?;
    let wanted = compiler::wanted();
    let mut inputs = Digest::of([env!("CARGO_PKG_VERSION"), &sdk::digest(), FLAGS_VERSION]);
    inputs.add(Digest::of(&app.flags).hex());
    inputs.add(wanted.digest());
    inputs.add(mirror.digest.hex());
    let inputs = inputs.hex();
    if let Some(report) = output.former(&inputs)? {
        return Ok(report);
    }
    let compiler = Compiler::find(wanted, app, &options.cache, progress)?;
    let sdk = Sdk::lay_out(&options.cache, progress)?;
    let mut build = Build {
        project,
        app,
        compiler: &compiler,
        sdk: &sdk,
        source: &source,
        made: &made,
        progress,
    };
    let (core, warnings) = build.run()?;
    let component = encode::component(&core)?;
    let built = Built {
        compiler: compiler.name.clone(),
        sources: app.sources.clone(),
    };
    output.finish(&component, inputs, warnings, report::Built::C(built))
}

/// Changes with the flags below, so that what was built with others is built again.
const FLAGS_VERSION: &str = "1";

struct Build<'a> {
    project: &'a Project,
    app: &'a App,
    compiler: &'a Compiler,
    sdk: &'a Sdk,
    /// The copy of the project's folder.
    source: &'a Path,
    /// Where objects go.
    made: &'a Path,
    progress: &'a mut dyn Progress,
}

impl Build<'_> {
    /// The core module, and what the compiler warns of.
    fn run(&mut self) -> Result<(Vec<u8>, Vec<String>), BuildError> {
        let count = self.app.sources.len();
        self.compiler.tell(count, self.progress);
        let mut objects = Vec::new();
        let mut warnings = Vec::new();
        for (number, file) in self.app.sources.iter().enumerate() {
            let object = self.made.join(format!("{number}.o"));
            let said = self.compile(file, &object)?;
            warnings.extend(diagnostics::warnings(&said));
            objects.push(object);
        }
        for file in &self.sdk.sources {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let object = self.made.join(format!("sdk-{name}.o"));
            self.compile(file, &object)?;
            objects.push(object);
        }
        let core = self.link(&objects)?;
        Ok((core, warnings))
    }

    /// Compiles a file. Returns what the compiler said.
    fn compile(&mut self, file: &Path, object: &Path) -> Result<String, BuildError> {
        let language = Language::of(file).unwrap_or(Language::C);
        let mut command = self.compiler.command(language);
        // What it says of a file then has the name that the user knows.
        command.current_dir(self.source);
        command.arg("-c");
        if file.is_absolute() {
            command.args(sdk::FLAGS);
        } else {
            command.args(["-O2", "-Wall", "-I.", "-Iinclude", "-Isrc"]);
            if language == Language::Cpp {
                command.arg("-fno-exceptions");
            }
            command.args(&self.app.flags);
        }
        command.arg("-I").arg(&self.sdk.headers);
        command.arg(file).arg("-o").arg(object);
        let what = format!("compile {}", file.display());
        let ended = process::run(command, &what, self.progress)?;
        if ended.status.success() {
            return Ok(ended.output);
        }
        let name = file.display().to_string();
        Err(diagnostics::failure(
            &name,
            &self.project.folder,
            &ended.output,
        ))
    }

    fn link(&mut self, objects: &[PathBuf]) -> Result<Vec<u8>, BuildError> {
        let core = self.made.join("core.wasm");
        remove(&core)?;
        let mut command = self.compiler.command(self.app.language());
        command.args(["-mexec-model=reactor", "-O2"]);
        command.arg(format!("-Wl,-z,stack-size={STACK_BYTES}"));
        command.args(objects).arg("-o").arg(&core);
        let ended = process::run(command, "link the project", self.progress)?;
        if !ended.status.success() {
            let folder = &self.project.folder;
            return Err(diagnostics::failure("the project", folder, &ended.output));
        }
        fs::read(&core).map_err(|error| BuildError::cannot("read", &core, &error))
    }
}

/// The stack of an instance. It lies below the data, so that going over it is a trap.
const STACK_BYTES: usize = 1024 * 1024;

impl App {
    /// The language that the whole is linked as.
    fn language(&self) -> Language {
        let mut languages = self.sources.iter().filter_map(|file| Language::of(file));
        match languages.any(|language| language == Language::Cpp) {
            true => Language::Cpp,
            false => Language::C,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_is_told_by_a_source_that_includes_the_header() {
        for (file, text, is) in [
            ("app.c", "#include \"wasgi.h\"\n", true),
            ("src/app.cpp", "  # include <wasgi.h>\n", true),
            ("app.c", "#include <stdio.h>\n", false),
            ("app.c", "// #include wasgi.h\n", false),
            ("app.h", "#include \"wasgi.h\"\n", true),
            ("app.txt", "#include \"wasgi.h\"\n", false),
            ("deep/er/app.c", "#include \"wasgi.h\"\n", false),
        ] {
            assert_eq!(
                is_project(folder(&[(file, text)]).path()),
                is,
                "{file} {text}"
            );
        }
    }

    #[test]
    fn sources_are_those_of_the_folder_and_of_src() {
        let files = [
            "app.c",
            "app.h",
            "src/a/b.cc",
            "lib/x.c",
            "test/y.c",
            ".z/z.c",
        ];
        let folder = folder(&files.map(|file| (file, "")));
        let settings = Settings {
            include: vec!["lib/*.c".to_owned()],
            ..Settings::default()
        };
        let app = detect(folder.path(), settings).unwrap();
        let expected = ["app.c", "lib/x.c", "src/a/b.cc"].map(PathBuf::from);
        assert_eq!(app.sources, expected);
        assert_eq!(app.language(), Language::Cpp);
    }
}
