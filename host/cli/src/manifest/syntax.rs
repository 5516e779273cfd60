//! What of a manifest is TOML.
//!
//! Owns the recovery from lines that cannot be read: each is noted and left out, and the rest is
//! read as if it was not there.

use std::borrow::Cow;
use std::ops::Range;

use toml::de::DeTable;

use super::faults::Faults;
use super::source::Source;
use crate::failure::ERRORS_MAX;

/// The text with blanks in the place of what cannot be read, so that all else keeps its place.
/// None: nothing after some line can be made sense of.
pub(super) fn readable<'a>(faults: &Faults<'a>) -> Option<Cow<'a, str>> {
    let source = faults.source;
    let mut text = Cow::Borrowed(source.text);
    // Limit: RECOVERY_BYTES_MAX
    let readings = RECOVERY_BYTES_MAX / source.text.len().max(1);
    for _ in 0..readings.clamp(1, ERRORS_MAX) {
        // One error may entail others further down: only the first is to be trusted.
        let Some(error) = Unreadable::first(&text) else {
            return Some(text);
        };
        faults.unreadable(error.span.as_ref(), &error.message);
        let lines = error.lines_to_leave(source)?;
        if text[lines.clone()].trim().is_empty() {
            return None;
        }
        let blank: String = text[lines.clone()]
            .bytes()
            .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
            .collect();
        text.to_mut().replace_range(lines, &blank);
    }
    None
}

/// Bytes that are parsed, over and over, to recover from errors. A short manifest is read to its
/// end in any case; one of the largest is given up after eight errors.
const RECOVERY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// An error of the syntax.
struct Unreadable {
    /// Where it is, if that can be told.
    span: Option<Range<usize>>,
    message: String,
    /// Where what is wrong ends, if it began on an earlier line.
    end: Option<usize>,
}

impl Unreadable {
    fn first(text: &str) -> Option<Self> {
        let (_, errors) = DeTable::parse_recoverable(text);
        let first = errors
            .iter()
            .min_by_key(|error| error.span().map(|span| span.start))?;
        let span = first.span();
        let is_in_list = errors.iter().any(|error| {
            IN_LIST
                .iter()
                .any(|in_list| error.message().starts_with(in_list))
        });
        if is_in_list
            && let Some(end) = span.as_ref().map(|span| span.start)
            && let Some(start) = unclosed_list(&text[..end])
        {
            return Some(Self {
                span: Some(start..start + 1),
                message: "the list is not closed, expected `]` at its end".to_owned(),
                end: Some(end),
            });
        }
        let message = match first.message() {
            "recursion limit" => "a key has too many parts".to_owned(),
            message => message.replace('\n', ", "),
        };
        Some(Self {
            span,
            message,
            end: None,
        })
    }

    /// The line that it is on. If that begins a table, also the lines of the table: they would be
    /// taken for those of the table before. If it begins a list, all before what is not of it.
    fn lines_to_leave(&self, source: &Source<'_>) -> Option<Range<usize>> {
        let is_header = |line| {
            source.text[source.bytes(line)]
                .trim_start()
                .starts_with('[')
        };
        let first = source.line(self.span.as_ref()?.start);
        let mut last = first;
        if let Some(end) = self.end {
            last = source.line(end).saturating_sub(1).max(first);
        } else if is_header(first) {
            while last + 1 < source.len() && !is_header(last + 1) {
                last += 1;
            }
        }
        Some(source.bytes(first).start..source.bytes(last).end)
    }
}

/// What the parser says, among other things, when it takes what follows a list for items of it.
const IN_LIST: [&str; 2] = ["unclosed array", "unexpected `=` in array"];

/// Where the last list of a text begins, if it does not end there.
fn unclosed_list(text: &str) -> Option<usize> {
    let (start, _) = text
        .rmatch_indices('[')
        .find(|(start, _)| text[..*start].trim_end_matches([' ', '\t']).ends_with('='))?;
    (!text[start..].contains(']')).then_some(start)
}
