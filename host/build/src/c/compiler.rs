//! What compiles C and C++ for WASI: a clang of this machine that can, else Zig.
//!
//! Owns how that is found out. What it is told to compile is its caller's.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::App;
use crate::cache::Cache;
use crate::digest::Digest;
use crate::error::BuildError;
use crate::progress::Progress;
use crate::ziglang::{self, Zig};

/// A language that files are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    C,
    Cpp,
}

impl Language {
    /// The language of a source, by the end of its name.
    pub(super) fn of(file: &Path) -> Option<Self> {
        match file.extension()?.to_str()? {
            "c" => Some(Self::C),
            "cc" | "cpp" | "cxx" => Some(Self::Cpp),
            _ => None,
        }
    }
}

/// The clang that is tried first, if this machine has one.
#[derive(Clone, Debug)]
pub(super) struct Wanted(Option<Clang>);

#[derive(Clone, Debug)]
struct Clang {
    program: PathBuf,
    version: String,
}

/// Looks for a clang: that of a WASI SDK, else the first on the path.
pub(super) fn wanted() -> Wanted {
    let sdk = env::var_os("WASI_SDK_PATH").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = [sdk, Some(PathBuf::from("/opt/wasi-sdk"))]
        .into_iter()
        .flatten()
        .map(|sdk| sdk.join("bin"))
        .chain(env::split_paths(&path))
        .filter(|folder| folder.is_absolute());
    let suffix = env::consts::EXE_SUFFIX;
    let clang = folders
        .flat_map(|folder| NAMES.map(|name| folder.join(format!("{name}{suffix}"))))
        .find(|file| file.is_file());
    Wanted(clang.and_then(|program| {
        let version = version(&program)?;
        Some(Clang { program, version })
    }))
}

/// What a clang is called: distributions add the version.
const NAMES: [&str; 5] = ["clang", "clang-22", "clang-21", "clang-20", "clang-19"];

/// The first line of what a clang says of itself.
fn version(program: &Path) -> Option<String> {
    let said = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&said.stdout);
    text.lines().next().map(str::to_owned)
}

impl Wanted {
    /// What a component depends on: with another compiler it is built again.
    pub(super) fn digest(&self) -> String {
        let clang = self.0.as_ref();
        let version = clang.map_or("", |clang| &clang.version);
        Digest::of([version, ziglang::VERSION]).hex()
    }
}

/// A compiler that works.
#[derive(Clone, Debug)]
pub(super) struct Compiler {
    /// What it is, for people.
    pub(super) name: String,
    tool: Tool,
}

#[derive(Clone, Debug)]
enum Tool {
    Clang(PathBuf),
    Zig(Zig),
}

impl Compiler {
    /// The clang that is wanted, if it can build for WASI what the app is written in; else Zig,
    /// installed if need be.
    pub(super) fn find(
        wanted: Wanted,
        app: &App,
        cache: &Cache,
        progress: &mut dyn Progress,
    ) -> Result<Self, BuildError> {
        if let Some(clang) = wanted.0 {
            let compiler = Self {
                name: clang.version,
                tool: Tool::Clang(clang.program),
            };
            if compiler.works(app.language())? {
                return Ok(compiler);
            }
        }
        Ok(Self {
            name: format!("Zig {}", ziglang::VERSION),
            tool: Tool::Zig(Zig::install(cache, progress)?),
        })
    }

    /// A command that compiles files of a language, or links them.
    pub(super) fn command(&self, language: Language) -> Command {
        let mut command = match (&self.tool, language) {
            (Tool::Clang(program), Language::C) => Command::new(program),
            (Tool::Clang(program), Language::Cpp) => {
                let name = program.file_name().unwrap_or_default().to_string_lossy();
                Command::new(program.with_file_name(name.replacen("clang", "clang++", 1)))
            }
            (Tool::Zig(zig), Language::C) => zig.command("cc"),
            (Tool::Zig(zig), Language::Cpp) => zig.command("c++"),
        };
        command.arg("--target=wasm32-wasi");
        command
    }

    /// Tells that files are compiled, and what else there may be to do.
    pub(super) fn tell(&self, files: usize, progress: &mut dyn Progress) {
        let what = match files {
            1 => "1 file".to_owned(),
            files => format!("{files} files"),
        };
        match &self.tool {
            Tool::Clang(_) => progress.step(&format!("compiling {what}")),
            Tool::Zig(zig) => zig.tell(&what, progress),
        }
    }

    /// Whether it has all that a program for WASI is made of: most clangs have no C library for it.
    fn works(&self, language: Language) -> Result<bool, BuildError> {
        let folder = tempfile::tempdir()
            .map_err(|error| BuildError::cannot("write to", &env::temp_dir(), &error))?;
        let (file, text) = match language {
            Language::C => (
                "probe.c",
                "#include <stdlib.h>\nvoid *f(void) { return malloc(1); }",
            ),
            Language::Cpp => (
                "probe.cpp",
                "#include <string>\nstd::string f() { return {}; }",
            ),
        };
        let probe = folder.path().join(file);
        fs::write(&probe, text).map_err(|error| BuildError::cannot("write", &probe, &error))?;
        let mut command = self.command(language);
        command.arg("-mexec-model=reactor").arg(&probe);
        command.arg("-o").arg(folder.path().join("probe.wasm"));
        // One that does not run is as one that is not there.
        Ok(command.output().is_ok_and(|ended| ended.status.success()))
    }
}
