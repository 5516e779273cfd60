//! What compilers say: `file:line:column: error: message`.
//!
//! Owns how that is read. What is not in this form stays in the tool's output, below the error.

use std::path::Path;

use crate::error::BuildError;

/// The error of a compiler that failed: its first one, with its place in the project, and all that
/// it wrote below.
pub(crate) fn failure(what: &str, folder: &Path, output: &str) -> BuildError {
    if let Some(name) = undefined(output) {
        return undefined_symbol(name).output(output);
    }
    let Some(first) = messages(output, "error").next() else {
        return BuildError::new(format!("cannot compile {what}")).output(output);
    };
    BuildError::new(first.text)
        .at(folder.join(first.file), Some(first.line))
        .output(output)
}

/// The warnings of a compiler that succeeded, a sentence each.
pub(crate) fn warnings(output: &str) -> Vec<String> {
    // Limit: WARNINGS_MAX
    messages(output, "warning")
        .take(WARNINGS_MAX)
        .map(|warning| format!("{}:{}: {}", warning.file, warning.line, warning.text))
        .collect()
}

/// Warnings that are told. Who has more has to see the compiler's own.
const WARNINGS_MAX: usize = 20;

/// What a compiler says of a line.
#[derive(Debug, PartialEq, Eq)]
struct Message<'a> {
    file: &'a str,
    line: usize,
    text: &'a str,
}

fn messages<'a>(output: &'a str, kind: &'a str) -> impl Iterator<Item = Message<'a>> {
    output.lines().filter_map(move |line| message(line, kind))
}

fn message<'a>(line: &'a str, kind: &str) -> Option<Message<'a>> {
    let kinds = [format!(": {kind}: "), format!(": fatal {kind}: ")];
    let (place, text) = kinds
        .iter()
        .find_map(|kind| line.split_once(kind.as_str()))?;
    let (place, column) = place.rsplit_once(':')?;
    column.parse::<usize>().ok()?;
    let (file, line) = place.rsplit_once(':')?;
    let line = line.parse().ok()?;
    Some(Message { file, line, text })
}

/// The name that a linker did not find.
fn undefined(output: &str) -> Option<&str> {
    let (_, name) = output.split_once("undefined symbol: ")?;
    name.lines().next().map(str::trim)
}

fn undefined_symbol(name: &str) -> BuildError {
    let error = BuildError::new(format!("nothing defines `{name}`, which the project uses"));
    error.hint(match name {
        "wasgi_app" => {
            "define `int wasgi_app(wasgi_request *request, wasgi_response *response)`, as wasgi.h \
             declares it"
        }
        _ => {
            "add the source that defines it; what needs threads, processes or signals is not there \
             in WebAssembly"
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_told_with_its_place() {
        let output = "app.c:2:5: warning: unused variable 'x' [-Wunused-variable]\n\
                      src/shop.c:7:3: error: use of undeclared identifier 'y'\n   7 |   y\n\
                      src/shop.c:9:3: error: another\n2 errors generated.";
        let error = failure("app.c", Path::new("/home/p"), output);
        assert_eq!(
            error.to_string(),
            "/home/p/src/shop.c:7: use of undeclared identifier 'y'"
        );
        assert_eq!(error.tool_output(), output);
        assert_eq!(
            warnings(output),
            ["app.c:2: unused variable 'x' [-Wunused-variable]"]
        );
    }

    #[test]
    fn a_missing_header_is_an_error_too() {
        let output = "app.c:1:10: fatal error: 'curl/curl.h' file not found";
        let error = failure("app.c", Path::new("/p"), output);
        assert_eq!(
            error.to_string(),
            "/p/app.c:1: 'curl/curl.h' file not found"
        );
    }

    #[test]
    fn what_the_linker_misses_is_named() {
        for (output, name) in [
            ("wasm-ld: error: a.o: undefined symbol: fork", "fork"),
            (
                "error: undefined symbol: wasgi_app\n    note: referenced by",
                "wasgi_app",
            ),
        ] {
            let error = failure("app.c", Path::new("/p"), output);
            let message = format!("nothing defines `{name}`, which the project uses");
            assert_eq!(error.message(), message);
        }
    }

    #[test]
    fn what_is_not_understood_is_told_whole() {
        let error = failure("app.c", Path::new("/p"), "clang: error: no such file: 'x'");
        assert_eq!(error.message(), "cannot compile app.c");
        assert_eq!(error.tool_output(), "clang: error: no such file: 'x'");
    }
}
