//! Where each line of a bundle comes from, by the source map that esbuild writes beside it.
//!
//! Owns the map's form (ECMA-426), and the short one that a component carries: lines alone, and
//! runs of lines instead of each.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::error::BuildError;

/// Where the lines of a bundle come from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sources {
    /// Files, as they are called from the project's folder.
    files: Vec<String>,
    /// The places that are known, in the order of the bundle.
    places: Vec<Mapped>,
}

/// A place in the bundle, and the place that it comes from. All numbers begin at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mapped {
    line: usize,
    column: usize,
    file: usize,
    from_line: usize,
    from_column: usize,
}

/// A place in a source: its line and column begin at 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin<'a> {
    pub(super) file: &'a str,
    pub(super) line: usize,
    pub(super) column: usize,
}

#[derive(Deserialize)]
struct Map {
    sources: Vec<String>,
    mappings: String,
}

impl Sources {
    /// What a map says of these files.
    #[cfg(test)]
    pub(super) fn of(files: &[&str], mappings: &str) -> Self {
        Self {
            files: files.iter().map(|&file| file.to_owned()).collect(),
            places: decode(mappings),
        }
    }

    /// Reads the map of a bundle. `made` is the bundle's folder, and `folder` the project's.
    pub(super) fn read(map: &Path, made: &Path, folder: &Path) -> Result<Self, BuildError> {
        let text =
            fs::read_to_string(map).map_err(|error| BuildError::cannot("read", map, &error))?;
        let map: Map = serde_json::from_str(&text)
            .map_err(|error| BuildError::new(format!("cannot read a source map: {error}")))?;
        let files = map.sources.iter();
        let files = files
            .map(|file| shorten(&made.join(file), folder))
            .collect();
        Ok(Self {
            places: decode(&map.mappings),
            files,
        })
    }

    /// Where a place of the bundle comes from; its line and column begin at 1.
    pub(super) fn origin(&self, line: usize, column: usize) -> Option<Origin<'_>> {
        let wanted = (line.checked_sub(1)?, column.saturating_sub(1));
        let after = self
            .places
            .partition_point(|place| (place.line, place.column) <= wanted);
        let place = self.places[..after].last()?;
        (place.line == wanted.0).then_some(())?;
        Some(Origin {
            file: self.files.get(place.file)?,
            line: place.from_line + 1,
            column: place.from_column + 1,
        })
    }

    /// The short form: the files, then for each run of lines the first one in the bundle, its
    /// file's number and its line there. The package `wasgi` reads it.
    pub(super) fn short(&self) -> String {
        let mut text = serde_json::to_string(&self.files).expect("texts have a form in JSON");
        let mut last: Option<Mapped> = None;
        let mut line = None;
        for place in &self.places {
            // Of each line the first place is enough.
            if line == Some(place.line) {
                continue;
            }
            line = Some(place.line);
            let goes_on = last.is_some_and(|last| {
                last.file == place.file
                    && place.from_line.checked_sub(last.from_line) == Some(place.line - last.line)
            });
            if !goes_on {
                let (line, file, from) = (place.line + 1, place.file, place.from_line + 1);
                write!(text, ";{line},{file},{from}").expect("a string takes every write");
            }
            last = Some(*place);
        }
        text
    }
}

/// A file as it is called from the project's folder; of packages and of the build's own, from
/// theirs.
fn shorten(file: &Path, folder: &Path) -> String {
    let mut parts = Vec::new();
    for part in file.components() {
        if part.as_os_str() == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    let file: std::path::PathBuf = parts.iter().collect();
    let text = file.strip_prefix(folder).unwrap_or(&file);
    let text = text.to_string_lossy().replace('\\', "/");
    // What is outside lies where this machine has it, which is nobody's concern.
    let known = ["node_modules/", "wasgi/"];
    match known.iter().find_map(|name| text.rfind(name)) {
        Some(at) if text.starts_with('/') => text[at..].to_owned(),
        _ => text,
    }
}

/// The places of a map: groups of numbers, each the difference to the one before.
fn decode(mappings: &str) -> Vec<Mapped> {
    let mut places = Vec::new();
    let (mut file, mut from_line, mut from_column) = (0, 0, 0);
    for (line, groups) in mappings.split(';').enumerate() {
        let mut column = 0;
        for group in groups.split(',').filter(|group| !group.is_empty()) {
            let numbers = numbers(group);
            column += numbers.first().copied().unwrap_or_default();
            // A group of one number stands for what comes from nowhere.
            let [_, file_by, line_by, column_by, ..] = numbers[..] else {
                continue;
            };
            file += file_by;
            from_line += line_by;
            from_column += column_by;
            let number = |number: i64| usize::try_from(number).unwrap_or_default();
            places.push(Mapped {
                line,
                column: number(column),
                file: number(file),
                from_line: number(from_line),
                from_column: number(from_column),
            });
        }
    }
    places
}

/// Numbers in Base64, five bits a digit, the lowest first; the lowest bit of all is the sign.
fn numbers(group: &str) -> Vec<i64> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut found = Vec::new();
    let (mut value, mut shift) = (0_i64, 0);
    for digit in group.bytes() {
        let digit = DIGITS.iter().position(|known| *known == digit);
        let digit = i64::try_from(digit.unwrap_or_default()).unwrap_or_default();
        value |= (digit & 31) << shift;
        if digit & 32 == 0 {
            let size = value >> 1;
            found.push(if value & 1 == 1 { -size } else { size });
            (value, shift) = (0, 0);
        } else {
            // More digits than a number has are no number of a map.
            shift = (shift + 5).min(55);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        // Line 2 of the bundle is line 1 of the first file, line 3 its line 2, and line 4 line 5
        // of the second; line 1 comes from nowhere.
        Sources::of(&["src/a.ts", "node_modules/b/c.js"], ";AAAA,IAAI;AACJ;ACGJ")
    }

    #[test]
    fn numbers_are_read() {
        assert_eq!(numbers("AAgBC"), [0, 0, 16, 1]);
        assert_eq!(numbers("D"), [-1]);
        assert_eq!(numbers("qxmvrH"), [123_456_789]);
    }

    #[test]
    fn a_place_is_found() {
        let sources = sources();
        let origin = |line, column| {
            let origin = sources.origin(line, column)?;
            Some((origin.file.to_owned(), origin.line, origin.column))
        };
        assert_eq!(origin(1, 1), None);
        assert_eq!(origin(2, 1), Some(("src/a.ts".to_owned(), 1, 1)));
        assert_eq!(origin(2, 9), Some(("src/a.ts".to_owned(), 1, 5)));
        assert_eq!(origin(3, 1), Some(("src/a.ts".to_owned(), 2, 1)));
        assert_eq!(origin(4, 7), Some(("node_modules/b/c.js".to_owned(), 5, 1)));
        assert_eq!(origin(9, 1), None);
        assert_eq!(origin(0, 0), None);
    }

    #[test]
    fn lines_that_follow_each_other_are_one_run() {
        let short = sources().short();
        assert_eq!(short, r#"["src/a.ts","node_modules/b/c.js"];2,0,1;4,1,5"#);
    }

    #[test]
    fn files_are_called_from_the_project() {
        let shorten = |file: &str| shorten(Path::new(file), Path::new("/home/ada/app"));
        assert_eq!(shorten("/cache/x/../../home/ada/app/src/a.ts"), "src/a.ts");
        assert_eq!(
            shorten("/cache/js/node_modules/b/c.js"),
            "node_modules/b/c.js"
        );
        assert_eq!(shorten("/cache/js/wasgi/a.js"), "wasgi/a.js");
    }
}
