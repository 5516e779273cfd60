//! Go: handlers of `net/http`, and programs of `net/http/cgi`.
//!
//! Owns the order of a build of Go. The SDK (`guests/go`) is embedded here; a program that imports
//! it becomes a component, and another one is a command that is served as CGI.

use std::fmt::{self, Display};
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Options;
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

use self::modules::Modules;
use self::toolchain::Go;

mod messages;
mod modules;
mod toolchain;

/// An app in Go, as it was found.
#[derive(Clone, Debug)]
pub struct App {
    /// Its main package, as `go build` names it: `.` or `./cmd/server`.
    pub package: String,
    /// What `go build` is told besides.
    pub flags: Vec<String>,
    /// Patterns of files that are built from although their names say otherwise.
    pub include: Vec<String>,
}

/// What is told of what was made of Go.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Built {
    /// The release of Go.
    pub go: String,
    /// Its main package.
    pub package: String,
    /// Whether it is a program that is served as CGI, and not a component.
    pub is_cgi: bool,
}

impl Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.is_cgi {
            "a CGI program"
        } else {
            "a handler"
        };
        writeln!(f, "  {what} in Go {}, package {}", self.go, self.package)
    }
}

/// By what a folder is told to be a project in Go.
pub(crate) const MARKS: &str = "a go.mod";

/// Whether a folder is a module of Go.
pub(crate) fn is_project(folder: &Path) -> bool {
    folder.join("go.mod").is_file()
}

/// Whether what somebody names as the app is a package of Go.
pub(crate) fn is_module(module: &str) -> bool {
    module.starts_with("./")
}

/// Finds the main package: the one that is named, else the folder itself, else the only one in
/// `cmd`, where many projects have it.
pub(crate) fn detect(folder: &Path, settings: Settings) -> Result<App, BuildError> {
    if !is_project(folder) {
        return Err(
            BuildError::new(format!("expected a go.mod in {}", folder.display()))
                .hint("run `go mod init NAME` there"),
        );
    }
    let package = match settings.module {
        Some(module) => module,
        None => find(folder)?,
    };
    Ok(App {
        package,
        flags: settings.flags,
        include: settings.include,
    })
}

fn find(folder: &Path) -> Result<String, BuildError> {
    if has_source(folder) {
        return Ok(".".to_owned());
    }
    let mut packages = Vec::new();
    for entry in fs::read_dir(folder.join("cmd"))
        .into_iter()
        .flatten()
        .flatten()
    {
        if has_source(&entry.path()) {
            packages.push(format!("./cmd/{}", entry.file_name().to_string_lossy()));
        }
    }
    packages.sort_unstable();
    match &*packages {
        [package] => Ok(package.clone()),
        [] => Err(BuildError::new(format!(
            "expected the source of a program in {}, got no file that ends with .go",
            folder.display()
        ))
        .hint("write a main.go whose main function calls `wasgi.Handle`")),
        _ => Err(
            BuildError::usage(format!("expected one program, got {}", packages.join(", ")))
                .hint("name one as `module` in `[build]` of the wasgi.toml"),
        ),
    }
}

fn has_source(folder: &Path) -> bool {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    names.any(|name| name.ends_with(".go") && !name.ends_with("_test.go"))
}

/// Builds a project, or finds what was built up to date.
pub(crate) fn build(
    project: &Project,
    app: &App,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Report, BuildError> {
    let output = Output::begin(project, options, progress)?;
    let made = output.folder.join("build");
    fs::create_dir_all(&made).map_err(|error| BuildError::cannot("make", &made, &error))?;
    let modules = Modules::read(&project.folder)?;
    let found = Go::find()?;
    let release = found
        .as_ref()
        .map_or(toolchain::VERSION, |go| go.version.as_str());
    let mut inputs = Digest::of([
        env!("CARGO_PKG_VERSION"),
        &sdk::digest(),
        release,
        FLAGS_VERSION,
        &app.package,
    ]);
    inputs.add(Digest::of(&app.flags).hex());
    let filter = Filter {
        left_out: &[".wasm"],
        include: tree::patterns(&app.include)?,
    };
    inputs.add(tree::filtered_digest(&project.folder, &filter)?.hex());
    for folder in modules.local() {
        inputs.add(tree::filtered_digest(&folder, &filter)?.hex());
    }
    let inputs = inputs.hex();
    if let Some(report) = output.former(&inputs)? {
        return Ok(report);
    }
    let go = match found {
        Some(go) => go.with(&options.cache)?,
        None => Go::install(&options.cache, progress)?,
    };
    let sdk = Sdk::lay_out(&options.cache, progress)?;
    let built = compile(project, app, &Tools { go, modules, sdk }, &made, progress)?;
    output.finish(&built.0, inputs, Vec::new(), report::Built::Go(built.1))
}

/// Changes with the flags below, so that what was built with others is built again.
const FLAGS_VERSION: &str = "1";

/// What a project is built with.
struct Tools {
    go: Go,
    modules: Modules,
    sdk: Sdk,
}

fn compile(
    project: &Project,
    app: &App,
    tools: &Tools,
    made: &Path,
    progress: &mut dyn Progress,
) -> Result<(Vec<u8>, Built), BuildError> {
    let modfile = tools.modules.write(&project.folder, made, &tools.sdk.go)?;
    let command = |subcommand: &str| {
        let mut command = tools.go.command(subcommand);
        command.current_dir(&project.folder);
        if let Some(modfile) = &modfile {
            let mut flag = std::ffi::OsString::from("-modfile=");
            flag.push(modfile);
            command.arg(flag);
        }
        command
    };
    let told = tools.go.tell(&app.package);
    progress.step(&told);

    let mut list = command("list");
    list.args(["-deps", "-f", LISTED]).arg(&app.package);
    let listed = process::run(list, "look at the project", progress)?;
    if !listed.status.success() {
        let lines = listed.output.lines();
        let said: Vec<_> = lines.filter(|line| !line.starts_with("wasgi:")).collect();
        return Err(messages::failure(&project.folder, &said.join("\n")));
    }
    let kind = Kind::of(&listed.output, &app.package)?;

    let core = made.join("core.wasm");
    remove(&core)?;
    let mut build = command("build");
    build.args(["-trimpath", "-ldflags=-s -w"]);
    if kind == Kind::Handler {
        build.arg("-buildmode=c-shared");
    }
    build.args(&app.flags).arg("-o").arg(&core);
    build.arg(&app.package);
    let ended = process::run(build, "compile the project", progress)?;
    if !ended.status.success() {
        return Err(messages::failure(&project.folder, &ended.output));
    }
    let mut bytes = fs::read(&core).map_err(|error| BuildError::cannot("read", &core, &error))?;
    if kind == Kind::Handler {
        progress.step("making a component of the module");
        bytes = encode::component(&bytes)?;
    }
    let built = Built {
        go: tools.go.version.clone(),
        package: app.package.clone(),
        is_cgi: kind == Kind::Program,
    };
    Ok((bytes, built))
}

/// What is asked of each package that a program consists of. A program has hundreds of them.
const LISTED: &str = "{{if not .DepOnly}}wasgi:package {{.Name}}{{end}}\
    {{if eq .ImportPath `wasgi` `net/http` `net/http/cgi`}}wasgi:imports {{.ImportPath}}{{end}}";

/// What a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It has a handler for the SDK.
    Handler,
    /// It is a program that runs once for each request.
    Program,
}

impl Kind {
    /// By what is said of the packages that it consists of.
    fn of(listed: &str, package: &str) -> Result<Self, BuildError> {
        let said = |wanted: &str| listed.lines().any(|line| line == wanted);
        let mut names = listed
            .lines()
            .filter_map(|line| line.strip_prefix("wasgi:package "));
        if let Some(name) = names.next()
            && name != "main"
        {
            return Err(BuildError::new(format!(
                "expected a program in {package}, which is package main, got package {name}"
            ))
            .hint("write `package main`, and a main function that calls `wasgi.Handle`"));
        }
        if said("wasgi:imports wasgi") {
            return Ok(Self::Handler);
        }
        if said("wasgi:imports net/http") && !said("wasgi:imports net/http/cgi") {
            return Err(BuildError::new(format!(
                "{package} has no handler for wasgi: it imports net/http, and neither wasgi nor net/http/cgi"
            ))
            .hint("import \"wasgi\", and call `wasgi.Handle(handler)` in place of `http.ListenAndServe`"));
        }
        Ok(Self::Program)
    }
}

#[cfg(test)]
mod tests;
