//! What Go says when it fails.
//!
//! Owns how that is read, and the way out. All that Go wrote stays below the error.

use std::path::Path;

use crate::error::BuildError;

/// The error of a build that failed: its first message, with its place in the project.
pub(super) fn failure(folder: &Path, output: &str) -> BuildError {
    let first = output.lines().find_map(message);
    let error = match &first {
        Some(message) => {
            let error = BuildError::new(message.text);
            // What is not the project's is named as Go names it.
            match folder.join(message.file) {
                file if file.is_file() => error.at(file, Some(message.line)),
                _ => BuildError::new(format!("{}: {}", message.file, message.text)),
            }
        }
        None => BuildError::new(match output.lines().find(|line| is_told(line)) {
            Some(line) => plain(line),
            None => "cannot compile the project".to_owned(),
        }),
    };
    let error = error.output(output);
    match way_out(output) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// Whether a line is more than what the next one is about.
fn is_told(line: &str) -> bool {
    const ABOUT: [&str; 3] = ["#", "package ", "go: downloading"];
    let is_import = line.starts_with("\timports ") && !line.contains(": ");
    !line.is_empty() && !is_import && !ABOUT.iter().any(|start| line.starts_with(start))
}

/// A line without what says where it comes from.
fn plain(line: &str) -> String {
    let line = line.trim_start_matches("go: ");
    line.trim_start_matches("\timports ").to_owned()
}

fn way_out(output: &str) -> Option<&'static str> {
    const SIGNS: [(&str, &str); 8] = [
        (
            "build constraints exclude all Go files",
            "the package has nothing for WebAssembly (GOOS=wasip1): use another one, or keep it out with a build constraint",
        ),
        (
            "undefined: syscall.",
            "the package uses what WASI does not have: use another one, or keep it out with a build constraint",
        ),
        (
            "undefined: unix.",
            "the package uses what WASI does not have: use another one, or keep it out with a build constraint",
        ),
        (
            "GOTOOLCHAIN=local",
            "install that release of Go, or lower `go` in go.mod",
        ),
        (
            "no required module provides package",
            "run `go get` for it, so that go.mod names its module",
        ),
        (
            "missing go.sum entry",
            "run `go mod tidy`, so that go.sum has what the modules are",
        ),
        (
            "is not in std",
            "correct the import, or run `go get` for its module",
        ),
        (
            "dial tcp",
            "check that Go can reach its module proxy (GOPROXY), or run `go mod vendor` where it can",
        ),
    ];
    let found = SIGNS.iter().find(|(sign, _)| output.contains(sign));
    found.map(|(_, hint)| *hint)
}

/// What Go says of a line.
#[derive(Debug, PartialEq, Eq)]
struct Message<'a> {
    file: &'a str,
    line: usize,
    text: &'a str,
}

/// Reads `FILE.go:LINE:COLUMN: TEXT`; the column may be missing.
fn message(line: &str) -> Option<Message<'_>> {
    let (place, text) = line.split_once(": ")?;
    let at = place.find(".go:")? + ".go".len();
    let (file, numbers) = place.split_at(at);
    let number = numbers.split(':').nth(1)?.parse().ok()?;
    let file = file.trim_start_matches("./");
    let file = file.rsplit(' ').next().unwrap_or(file);
    let line = number;
    Some(Message { file, line, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_message_and_its_place_are_read() {
        let line = "./main.go:12:5: undefined: foo";
        let expected = Message {
            file: "main.go",
            line: 12,
            text: "undefined: foo",
        };
        assert_eq!(message(line), Some(expected));
        assert_eq!(message("# hello"), None);
        assert_eq!(message("go: updates to go.mod needed"), None);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("main.go"), "").unwrap();
        let error = failure(folder.path(), &format!("# hello\n{line}\n"));
        assert_eq!(error.message(), "undefined: foo");
        assert_eq!(error.place().unwrap().line, Some(12));
    }

    #[test]
    fn what_does_not_build_for_webassembly_is_told() {
        let output = "main.go:5:2: build constraints exclude all Go files in /x/y";
        let error = failure(Path::new("/nowhere"), output);
        assert!(error.way_out().unwrap().contains("wasip1"), "{error}");
        let error = failure(
            Path::new("/nowhere"),
            "go: go.mod requires go >= 1.99 (running go 1.27.3; GOTOOLCHAIN=local)",
        );
        assert!(error.message().starts_with("go.mod requires"), "{error}");
        assert!(error.way_out().unwrap().contains("install"), "{error}");
    }
}
