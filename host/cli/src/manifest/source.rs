//! The text of a manifest, and errors that point into it.
//!
//! Owns file, line, column and the marked line. It knows no key.

use std::ops::Range;
use std::path::Path;

use crate::failure::Failure;

/// How alike two keys are, from 0 to 1, for one to be taken as the other misspelt. `memroy` and
/// `memory` are at 0.95, `host` and `path` at 0.5.
const ALIKE: f64 = 0.75;

/// A manifest that was read, for errors to point into.
pub(super) struct Source<'a> {
    /// The path as the operator wrote it.
    pub(super) path: &'a Path,
    /// The whole text.
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// The manifest says something wrong at `span`.
    pub(super) fn usage(&self, span: Range<usize>, message: &str) -> Failure {
        Failure::usage(self.place(&span, message)).excerpt(self.excerpt(&span))
    }

    /// The machine does not have what the manifest names at `span`.
    pub(super) fn run_time(&self, span: Range<usize>, message: &str) -> Failure {
        Failure::run_time(self.place(&span, message)).excerpt(self.excerpt(&span))
    }

    /// The manifest is wrong as a whole.
    pub(super) fn whole(&self, message: &str) -> Failure {
        Failure::usage(format!("{}: {message}", self.path.display()))
    }

    /// The text cannot be read as a manifest.
    pub(super) fn unreadable(&self, error: &toml::de::Error) -> Failure {
        let message = error.message().replace('\n', ", ");
        let failure = |message: &str| match error.span() {
            Some(span) => self.usage(span, message),
            None => self.whole(message),
        };
        let Some(unknown) = Unknown::parse(&message) else {
            return failure(&in_plain_words(&message));
        };
        failure(&format!("unknown {} `{}`", unknown.what, unknown.name)).hint(unknown.hint())
    }

    fn place(&self, span: &Range<usize>, message: &str) -> String {
        let (line, column, _) = self.locate(span.start);
        format!("{}:{line}:{column}: {message}", self.path.display())
    }

    fn excerpt(&self, span: &Range<usize>) -> String {
        let (line, column, text) = self.locate(span.start);
        let marked = self
            .text
            .get(span.clone())
            .and_then(|marked| marked.lines().next());
        let room = text.chars().count() + 1 - column;
        let width = marked
            .map_or(0, |marked| marked.chars().count())
            .min(room)
            .max(1);
        let indent: String = text
            .chars()
            .take(column - 1)
            .map(|c| if c == '\t' { c } else { ' ' })
            .collect();
        format!("{line:>5} | {text}\n      | {indent}{}", "^".repeat(width))
    }

    /// The line and column of a byte, from 1, and the line's text.
    fn locate(&self, offset: usize) -> (usize, usize, &str) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before[start..].chars().count() + 1;
        (
            line,
            column,
            self.text[start..].lines().next().unwrap_or_default(),
        )
    }
}

/// serde's complaint about a key or a value that is not among the known ones.
struct Unknown<'a> {
    what: &'static str,
    name: &'a str,
    known: Vec<&'a str>,
}

impl<'a> Unknown<'a> {
    /// Reads ``unknown field `a`, expected one of `b`, `c` ``.
    fn parse(message: &'a str) -> Option<Self> {
        let what = match message {
            _ if message.starts_with("unknown field `") => "key",
            _ if message.starts_with("unknown variant `") => "value",
            _ => return None,
        };
        let (name, known) = message.split_once('`')?.1.split_once("`, ")?;
        let known = known.split('`').skip(1).step_by(2).collect();
        Some(Self { what, name, known })
    }

    fn hint(&self) -> String {
        let nearest = self
            .known
            .iter()
            .map(|known| (strsim::jaro_winkler(self.name, known), *known))
            .max_by(|one, other| one.0.total_cmp(&other.0));
        match nearest {
            Some((alike, known)) if alike >= ALIKE => format!("did you mean `{known}`?"),
            _ => format!(
                "the {}s known here are {}",
                self.what,
                self.known.join(", ")
            ),
        }
    }
}

/// serde's other complaints, in the manifest's words.
fn in_plain_words(message: &str) -> String {
    if let Some(key) = message.strip_prefix("missing field ") {
        return format!("the key {key} is missing");
    }
    if let Some((got, expected)) = message
        .strip_prefix("invalid type: ")
        .and_then(|rest| rest.split_once(", expected "))
    {
        let expected = match expected {
            "a sequence" => "a list",
            "a map" => "a table",
            _ if expected.starts_with("struct ") => "a table",
            other => other,
        };
        return format!("expected {expected}, got the {got}");
    }
    message.to_owned()
}
