//! What cargo and rustc say: `error: message`, and its place in a line below.
//!
//! Owns how that is read. What is not in this form stays in the tool's output, below the error.

use std::path::{Path, PathBuf};

use crate::error::BuildError;

/// The error of a build that failed: its first one, with its place, and all that was written below.
pub(super) fn failure(folder: &Path, output: &str) -> BuildError {
    if LACKS.iter().any(|said| output.contains(said)) {
        return BuildError::new("Rust has no standard library for wasm32-wasip2 here")
            .hint("run `rustup target add wasm32-wasip2`")
            .output(output);
    }
    let Some(first) = messages(output, "error").next() else {
        return BuildError::new("cannot compile the project").output(output);
    };
    let error = BuildError::new(first.text).output(output);
    match first.place {
        Some((file, line)) => error.at(resolve(folder, file), Some(line)),
        None => error,
    }
}

/// What is said where the target is not installed, or not known: by cargo, by rustc, and by older
/// ones.
const LACKS: [&str; 3] = [
    "can't find crate for `core`",
    "can't find crate for `std`",
    "target may not be installed",
];

/// The warnings of a build that succeeded, a sentence each.
pub(super) fn warnings(output: &str) -> Vec<String> {
    // Limit: WARNINGS_MAX
    messages(output, "warning")
        .filter_map(|warning| {
            let (file, line) = warning.place?;
            Some(format!("{file}:{line}: {}", warning.text))
        })
        .take(WARNINGS_MAX)
        .collect()
}

/// Warnings that are told. Who has more has to see the compiler's own.
const WARNINGS_MAX: usize = 20;

struct Message<'a> {
    text: &'a str,
    place: Option<(&'a str, usize)>,
}

fn messages<'a>(output: &'a str, kind: &'a str) -> impl Iterator<Item = Message<'a>> {
    let lines: Vec<_> = output.lines().collect();
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        if let Some(text) = text(line, kind) {
            let below = lines[number + 1..].iter().take(PLACE_LINES_MAX);
            let place = below.map_while(|line| Some(line.trim_start()).filter(|l| !l.is_empty()));
            let place = place.into_iter().find_map(place_of);
            found.push(Message { text, place });
        }
    }
    found.into_iter()
}

/// The place stands directly below the message, or below the message's other lines.
const PLACE_LINES_MAX: usize = 5;

/// `error[E0425]: text`, or `error: text`.
fn text<'a>(line: &'a str, kind: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(kind)?;
    let rest = match rest.strip_prefix('[') {
        Some(code) => code.split_once(']')?.1,
        None => rest,
    };
    rest.strip_prefix(": ")
}

/// `--> src/lib.rs:3:5`
fn place_of(line: &str) -> Option<(&str, usize)> {
    let place = line.strip_prefix("--> ")?;
    let (place, _column) = place.rsplit_once(':')?;
    let (file, line) = place.rsplit_once(':')?;
    Some((file, line.parse().ok()?))
}

/// Files are called as from the workspace's folder, which may be above the package's.
fn resolve(folder: &Path, file: &str) -> PathBuf {
    let mut places = folder.ancestors().map(|parent| parent.join(file));
    let found = places.find(|place| place.is_file());
    found.unwrap_or_else(|| folder.join(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
   Compiling shop v0.1.0 (/p/shop)
warning: unused variable: `x`
 --> src/lib.rs:2:9
  |
2 |     let x = 1;

error[E0425]: cannot find value `y` in this scope
 --> src/lib.rs:3:5
  |
3 |     y

error: could not compile `shop` (lib) due to 1 previous error; 1 warning emitted";

    #[test]
    fn the_first_error_is_told_with_its_place() {
        let error = failure(Path::new("/p/shop"), OUTPUT);
        let expected = "/p/shop/src/lib.rs:3: cannot find value `y` in this scope";
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.tool_output(), OUTPUT);
        assert_eq!(
            warnings(OUTPUT),
            ["src/lib.rs:2: unused variable: `x`".to_owned()]
        );
    }

    #[test]
    fn what_has_no_place_is_told_without() {
        let error = failure(
            Path::new("/p"),
            "error: no matching package named `x` found",
        );
        assert_eq!(error.to_string(), "no matching package named `x` found");
        let error = failure(Path::new("/p"), "cargo fell over");
        assert_eq!(error.to_string(), "cannot compile the project");
    }

    #[test]
    fn a_missing_target_is_told_with_the_command_that_installs_it() {
        let output = "error[E0463]: can't find crate for `core`\n  |\n  = note: the `wasm32-wasip2` \
                      target may not be installed";
        let error = failure(Path::new("/p"), output);
        assert_eq!(
            error.way_out(),
            Some("run `rustup target add wasm32-wasip2`")
        );
    }
}
