//! What the tools say, in the developer's terms.
//!
//! Owns how esbuild and the engine write of an error, and the way out of those that are common.

use std::path::Path;

use super::App;
use super::sources::Sources;
use crate::error::BuildError;

/// The first error of the bundler, with all that it wrote below.
pub(super) fn of_bundler(folder: &Path, output: &str) -> BuildError {
    let Some(message) = all(output, "[ERROR] ").next() else {
        return BuildError::new("esbuild failed").output(output);
    };
    let mut error = BuildError::new(message.text);
    if let Some((file, line, column)) = message.place {
        error = error.at(folder.join(file), Some(line)).column(column);
    }
    if let Some(hint) = way_out(message.text) {
        error = error.hint(hint);
    }
    error.output(output)
}

/// What the bundler warns of, a sentence each.
pub(super) fn warnings(output: &str) -> Vec<String> {
    let mut warnings: Vec<_> = all(output, "[WARNING] ")
        .map(|message| match message.place {
            Some((file, line, _)) => format!("{file}:{line}: {}", message.text),
            None => message.text.to_owned(),
        })
        .collect();
    // Limit: WARNINGS_MAX
    warnings.truncate(WARNINGS_MAX);
    warnings
}

/// Warnings that are told.
const WARNINGS_MAX: usize = 20;

/// What the bundler says of one thing.
struct Message<'a> {
    text: &'a str,
    /// The file as it is called from the project's folder, the line and the column, from 1.
    place: Option<(&'a str, usize, usize)>,
}

/// The messages of a kind: a line each, and a place below it.
fn all<'a>(output: &'a str, kind: &'a str) -> impl Iterator<Item = Message<'a>> {
    let lines: Vec<_> = output.lines().collect();
    (0..lines.len()).filter_map(move |index| {
        let (_, text) = lines[index].split_once(kind)?;
        let below = lines[index + 1..].iter();
        let place = below
            .take_while(|line| line.is_empty() || line.starts_with(' '))
            .find_map(|line| place(line.trim()));
        Some(Message { text, place })
    })
}

/// A place as the bundler writes it: `src/a.ts:3:16:`.
fn place(text: &str) -> Option<(&str, usize, usize)> {
    let mut parts = text.strip_suffix(':')?.rsplitn(3, ':');
    let column: usize = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    // The bundler counts columns from 0.
    Some((parts.next()?, line, column + 1))
}

fn way_out(message: &str) -> Option<String> {
    let name = message
        .strip_prefix("Could not resolve \"")?
        .split('"')
        .next()?;
    if name.starts_with(['.', '/']) {
        return Some("name a file that is there: folders stand for their `index`".to_owned());
    }
    let plain = name.strip_prefix("node:").unwrap_or(name);
    let module = plain.split('/').next().unwrap_or(plain);
    if name != plain || NODE.contains(&module) {
        return Some(format!(
            "`{module}` is Node.js's own, and an app has the web's functions instead: look for a \
             package that runs on workers"
        ));
    }
    let parts = if name.starts_with('@') { 2 } else { 1 };
    let package = name.split('/').take(parts).collect::<Vec<_>>().join("/");
    Some(format!("run `npm install {package}`"))
}

/// Modules of Node.js, which some name without their scheme.
const NODE: [&str; 21] = [
    "assert",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "crypto",
    "dns",
    "events",
    "fs",
    "http",
    "http2",
    "https",
    "net",
    "os",
    "path",
    "process",
    "stream",
    "tls",
    "util",
    "worker_threads",
    "zlib",
];

/// Why the app could not be evaluated.
pub(super) fn of_engine(app: &App, sources: &Sources, output: &str) -> BuildError {
    let text = EVALUATION
        .iter()
        .filter_map(|phrase| output.split_once(phrase))
        .map(|(_, text)| text)
        .next_back();
    let Some(text) = text else {
        return BuildError::new("the app cannot be made a component").output(output);
    };
    // An engine may tell the place before the message.
    let first = text.lines().next().unwrap_or_default();
    let message = match place_in_bundle(first) {
        Some((range, ..)) if range.start == 0 => first[range.end..].trim_start(),
        _ => first,
    };
    if let Some((_, what)) = message.split_once(NO_APP) {
        return BuildError::new(format!("expected the app{what}"))
            .at(&app.entry, None)
            .hint("end the file with `export default app`, where `app` has a function `fetch`");
    }
    // The tool calls every error so, whatever its own name is.
    let what = message.strip_prefix("Error: ").unwrap_or(message);
    let error = BuildError::new(format!("the app fails when it is loaded: {what}"))
        .output(translate(text, sources));
    let places = text.lines().filter_map(|line| origin(line, sources));
    // The first place that is the developer's own.
    let mut own =
        places.filter(|(file, ..)| !file.contains("node_modules/") && !file.starts_with("wasgi/"));
    match own.next() {
        Some((file, line, column)) => error.at(app.folder.join(file), Some(line)).column(column),
        None => error.at(&app.entry, None),
    }
}

/// What the engine's message begins with, an outer one before an inner one.
const EVALUATION: [&str; 4] = [
    "Failed to evaluate user JavaScript module: ",
    "Failed to declare JavaScript module: ",
    "Failed to finish JavaScript module evaluation: ",
    "Exception while evaluating top-level script\n",
];

/// What the package `wasgi` says if a module has no app.
const NO_APP: &str = "wasgi: expected the module";

/// A stack trace with the places of the sources instead of those of the bundle.
fn translate(text: &str, sources: &Sources) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        lines.push(match (place_in_bundle(line), origin(line, sources)) {
            (Some((range, ..)), Some((file, from, column))) => {
                format!(
                    "{}{file}:{from}:{column}{}",
                    &line[..range.start],
                    &line[range.end..]
                )
            }
            _ => line.to_owned(),
        });
    }
    lines.join("\n")
}

fn origin<'a>(line: &str, sources: &'a Sources) -> Option<(&'a str, usize, usize)> {
    let (_, line, column) = place_in_bundle(line)?;
    let origin = sources.origin(line, column)?;
    Some((origin.file, origin.line, origin.column))
}

/// Where a line of a trace names a place in the bundle: the bytes of the name, the line and the
/// column.
fn place_in_bundle(line: &str) -> Option<(std::ops::Range<usize>, usize, usize)> {
    let name = line.find(BUNDLE)?;
    let start = line[..name].rfind(['(', ' ', '@']).map_or(0, |at| at + 1);
    let rest = &line[name + BUNDLE.len()..];
    let length = rest
        .find(|letter: char| !letter.is_ascii_digit() && letter != ':')
        .unwrap_or(rest.len());
    let mut numbers = rest[..length].split(':').map(str::parse);
    let (line, column) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    Some((start..name + BUNDLE.len() + length, line, column))
}

const BUNDLE: &str = "bundle.js:";

#[cfg(test)]
mod tests;
