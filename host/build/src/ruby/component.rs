//! From an app to a component.
//!
//! Owns the order of that, and what decides whether the component is up to date.

use std::fs;
use std::path::Path;

use super::tool::{self, RUBY, Tools};
use super::{App, Built, ROOT, driver, gems};
use crate::Options;
use crate::digest::Digest;
use crate::encode;
use crate::error::BuildError;
use crate::output::{Output, remove};
use crate::process;
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
    let gems = gems::find(&project.folder);
    let source = output.folder.join("source");
    fs::create_dir_all(&source).map_err(|error| BuildError::cannot("make", &source, &error))?;
    let filter = Filter {
        left_out: &[".wasm", ".so", ".o", ".gem"],
        include: tree::patterns(&app.include)?,
    };
    let mirror = tree::mirror(&project.folder, &source, &filter)?;
    let warm = if options.warm { &app.warm[..] } else { &[] };
    let mut inputs = Digest::of([
        env!("CARGO_PKG_VERSION"),
        &tool::embedded(),
        include_str!("component.rs"),
        include_str!("driver.rs"),
        include_str!("functions.rs"),
    ]);
    inputs.add(Digest::of(warm).hex());
    for (name, value) in &app.env {
        inputs.add(Digest::of([name, value]).hex());
    }
    inputs.add(mirror.digest.hex());
    let inputs = inputs.hex();
    if let Some(report) = output.former(&inputs)? {
        return Ok(report);
    }
    let tools = tool::install(&options.cache, progress)?;
    progress.step(&match warm.len() {
        0 => format!("freezing {ROOT}"),
        _ => format!("freezing {ROOT} after a warm-up"),
    });
    let core = freeze(
        project,
        (app, warm),
        &tools,
        (&source, &output.folder),
        progress,
    )?;
    progress.step("making a component");
    let component = encode::component(&core)?;
    let built = Built {
        ruby: RUBY.to_owned(),
        gems,
    };
    output.finish(&component, inputs, Vec::new(), report::Built::Ruby(built))
}

/// Ruby's module with the app in its memory.
fn freeze(
    project: &Project,
    (app, warm): (&App, &[String]),
    tools: &Tools,
    (source, made): (&Path, &Path),
    progress: &mut dyn Progress,
) -> Result<Vec<u8>, BuildError> {
    let ruby = fs::read(&tools.module)
        .map_err(|error| BuildError::cannot("read", &tools.module, &error))?;
    let driven = driver::drive(&ruby, &boot(warm))?;
    let (module, frozen) = (made.join("driven.wasm"), made.join("frozen.wasm"));
    remove(&frozen)?;
    fs::write(&module, driven).map_err(|error| BuildError::cannot("write", &module, &error))?;
    let mut command = tools.freeze();
    for (folder, guest) in [(source, "app"), (&tools.sdk, "wasgi")] {
        command
            .arg("--dir")
            .arg(format!("{}::/{guest}", folder.display()));
    }
    let env = app.env.iter().map(|(name, value)| (&**name, &**value));
    for (name, value) in MEMORY.into_iter().chain(env) {
        command.arg("--env").arg(format!("{name}={value}"));
    }
    command.arg(&module).arg("-o").arg(&frozen);
    let ended = process::run(command, "load the app", progress)?;
    if !ended.status.success() {
        return Err(failed(&project.folder, &ended.output));
    }
    let core = fs::read(&frozen).map_err(|error| BuildError::cannot("read", &frozen, &error))?;
    remove(&module)?;
    remove(&frozen)?;
    Ok(core)
}

/// After how many bytes Ruby looks for what can be freed. Its own limits grow beyond what an
/// instance may have.
const MEMORY: [(&str, &str); 4] = [
    ("RUBY_GC_MALLOC_LIMIT", "4000000"),
    ("RUBY_GC_MALLOC_LIMIT_MAX", "8000000"),
    ("RUBY_GC_OLDMALLOC_LIMIT", "4000000"),
    ("RUBY_GC_OLDMALLOC_LIMIT_MAX", "8000000"),
];

/// The Ruby that is evaluated first.
fn boot(warm: &[String]) -> String {
    let warm: Vec<_> = warm.iter().map(|path| quoted(path)).collect();
    format!("require '/wasgi/boot'; Wasgi.boot([{}])", warm.join(", "))
}

/// A text as Ruby has it, in which nothing is evaluated.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// What Ruby says of an app that cannot be loaded; what the tool says is of no use to its author.
fn failed(folder: &Path, output: &str) -> BuildError {
    let Some(said) = output.lines().find_map(|line| line.strip_prefix(SAYS)) else {
        return BuildError::new("cannot load the app in Ruby")
            .hint("see what Ruby says below")
            .output(output);
    };
    let rest = output.lines().skip_while(|line| !line.starts_with(SAYS));
    let told: Vec<_> = rest
        .take_while(|line| !line.starts_with("Error: failed to run"))
        .map(|line| line.strip_prefix(SAYS).unwrap_or(line))
        .filter(|line| !FRAMES.iter().any(|frame| line.contains(frame)))
        .collect();
    let mut error = BuildError::new(format!("the app fails when it is loaded: {}", text(said)));
    if let Some((file, line)) = told.iter().find_map(|line| place(line)) {
        error = error.at(folder.join(file), Some(line));
    }
    if let Some(hint) = gems::hint(said) {
        error = error.hint(hint);
    }
    error.output(told.join("\n").replace(APP, ""))
}

/// The file and line of the app that Ruby names: `/app/FILE:LINE:`.
fn place(told: &str) -> Option<(&str, usize)> {
    let (_, place) = told.split_once(APP)?;
    let (file, rest) = place.split_once(':')?;
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    Some((file, rest[..digits].parse().ok()?))
}

/// Where the app is in the guest.
const APP: &str = "/app/";

/// In the places that are not the app's.
const FRAMES: [&str; 4] = ["from /wasgi/", "from <internal:", "from eval:", "from -e:"];

/// Before what Ruby says of an app that it cannot load.
const SAYS: &str = "wasgi: ";

/// What is wrong, without the place before it.
fn text(said: &str) -> &str {
    said.split_once(": ").map_or(said, |(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted() {
        let boot = boot(&["/".to_owned(), "/a'#{b}\\".to_owned()]);
        assert!(boot.ends_with(r"Wasgi.boot(['/', '/a\'#{b}\\'])"), "{boot}");
    }

    #[test]
    fn what_ruby_says_is_told_without_the_tool() {
        let output = "wasgi: /app/app.rb:3:in 'load': undefined method 'x' (NoMethodError)\n\
                      \tfrom /app/config.ru:1\nError: failed to run main module\nCaused by: 0\n";
        let error = failed(Path::new("/src"), output).to_string();
        assert!(error.contains("undefined method 'x'"), "{error}");
        assert!(error.contains("/src/app.rb:3"), "{error}");
        assert!(!error.contains("Caused by"), "{error}");
    }
}
