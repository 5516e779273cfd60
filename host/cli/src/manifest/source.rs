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
    let shown = without_passwords(&shown);
    format!("{line:>5} | {ellipsis}{shown}\n      | {indent}{marks}")
}

/// The most characters of a line that are shown to each side of where a fault begins.
const EXCERPT_CHARS_MAX: usize = 120;

/// A line in which stars stand for the passwords of URLs: errors are logged.
fn without_passwords(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find("://") {
        let (before, url) = rest.split_at(start + "://".len());
        shown.push_str(before);
        let end = url.find(['"', '\'', ' ', '\t']).unwrap_or(url.len());
        let user = url[..end].rfind('@').unwrap_or_default();
        let password = url[..user].find(':').map_or(user, |colon| colon + 1);
        shown.push_str(&url[..password]);
        shown.extend(url[password..user].chars().map(|_| '*'));
        rest = &url[user..];
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        for (line, shown) in [
            (
                "url = 'postgres://a:b@c:1/d'",
                "url = 'postgres://a:*@c:1/d'",
            ),
            (
                "[\"x://a:p@ss@w\", \"y://b:\u{e9}@c\"]",
                "[\"x://a:****@w\", \"y://b:*@c\"]",
            ),
            (
                "url = 'http://a:80/b' # at@home",
                "url = 'http://a:80/b' # at@home",
            ),
            ("x = 'http://user@host:80'", "x = 'http://user@host:80'"),
        ] {
            assert_eq!(without_passwords(line), shown);
        }
    }
}
