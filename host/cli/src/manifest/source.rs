//! The text of a manifest, and places in it.
//!
//! Owns file, line, column and the marked line. It knows no key.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::failure::Place;

/// A manifest that was read, for errors to point into.
pub(super) struct Source<'a> {
    /// The path as the operator wrote it.
    pub(super) path: &'a Path,
    /// The whole text.
    pub(super) text: &'a str,
    /// The path, shared by all places.
    file: Arc<Path>,
    /// The byte at which each line begins.
    lines: Vec<usize>,
}

impl<'a> Source<'a> {
    pub(super) fn new(path: &'a Path, text: &'a str) -> Self {
        let after = text.match_indices('\n').map(|(newline, _)| newline + 1);
        Self {
            path,
            text,
            file: path.into(),
            lines: [0].into_iter().chain(after).collect(),
        }
    }

    /// The place of some bytes.
    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        let line = self.line(span.start);
        let bytes = self.bytes(line);
        let start = span.start.clamp(bytes.start, bytes.end);
        let start = self.text.floor_char_boundary(start);
        let before = &self.text[bytes.start..start];
        let after = &self.text[start..bytes.end];
        Place {
            file: Arc::clone(&self.file),
            line: line + 1,
            column: before.chars().count() + 1,
            excerpt: excerpt(line + 1, before, after, span.len()),
        }
    }

    /// The line that a byte is in, from 0.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset) - 1
    }

    /// The bytes of a line, without its end.
    pub(super) fn bytes(&self, line: usize) -> Range<usize> {
        let start = self.lines[line];
        let end = self.lines.get(line + 1).copied();
        let text = &self.text[start..end.unwrap_or(self.text.len())];
        start..start + text.trim_end_matches(['\r', '\n']).len()
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }
}

/// A line, and below it a mark of so many bytes between what is before and what is after.
fn excerpt(line: usize, before: &str, after: &str, marked: usize) -> String {
    // Limit: EXCERPT_CHARS_MAX
    let mut cut = before.char_indices().rev().skip(EXCERPT_CHARS_MAX - 1);
    let cut = cut.next().map_or(0, |(byte, _)| byte);
    let ellipsis = if cut > 0 { "…" } else { "" };
    let indent: String = ellipsis
        .chars()
        .chain(before[cut..].chars())
        .map(|c| if c == '\t' { c } else { ' ' })
        .collect();
    let marks = after
        .char_indices()
        .take(EXCERPT_CHARS_MAX)
        .take_while(|(byte, _)| *byte < marked)
        .count();
    let shown: String = before[cut..]
        .chars()
        .chain(after.chars().take(EXCERPT_CHARS_MAX))
        .map(|c| if c == '\t' || !c.is_control() { c } else { '?' })
        .collect();
    let marks = "^".repeat(marks.max(1));
    format!("{line:>5} | {ellipsis}{shown}\n      | {indent}{marks}")
}

/// The most characters of a line that are shown to each side of where a fault begins.
const EXCERPT_CHARS_MAX: usize = 120;
