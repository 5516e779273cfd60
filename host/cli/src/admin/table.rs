//! What people read of a host: aligned columns, and texts that cannot steer their terminal.

use std::fmt::Write as _;

use serde_json::Value;
use time::OffsetDateTime;
use time::macros::format_description;
use wasgi_server::{AppStatus, HostStatus, ReleaseStatus, TroubleStatus};

use crate::units::Bytes;

/// A host and its apps.
pub(super) fn status(status: &HostStatus) -> String {
    let mut text = format!(
        "wasgi {}, process {}, since {}\n",
        escape(&status.version),
        status.pid,
        moment(status.started)
    );
    for address in &status.listen {
        line(
            &mut text,
            &format!("listening on http://{}", escape(address)),
        );
    }
    line(&mut text, &format!("state in {}", escape(&status.state)));
    if let Some(trouble) = &status.trouble {
        tell(&mut text, trouble);
    }
    text.push('\n');
    text + &apps(&status.apps)
}

/// Apps, a line each, and below it what went wrong.
pub(super) fn apps(apps: &[AppStatus]) -> String {
    let rows = apps.iter().map(|app| {
        [
            escape(&app.name),
            app.active.as_deref().map_or_else(|| "-".to_owned(), escape),
            escape(&app.routes.join(", ")),
            condition(app),
        ]
    });
    let lines = aligned(["app", "release", "routes", "state"], rows);
    let troubles = apps.iter().map(|app| app.trouble.as_ref());
    let mut text = String::new();
    // The first line is the head.
    for (row, trouble) in lines.iter().zip([None].into_iter().chain(troubles)) {
        line(&mut text, row);
        if let Some(trouble) = trouble {
            tell(&mut text, trouble);
        }
    }
    text
}

fn condition(app: &AppStatus) -> String {
    let mut text = if app.is_loaded { "loaded" } else { "idle" }.to_owned();
    if let Some(split) = &app.split {
        let (percent, release) = (split.percent, escape(&split.release));
        write!(text, ", {percent} % to {release}").expect("a string takes every write");
    }
    text
}

/// Releases, a line each.
pub(super) fn releases(releases: &[ReleaseStatus]) -> String {
    let rows = releases.iter().map(|release| {
        [
            escape(&release.id),
            moment(release.created),
            Bytes(release.bytes).to_string(),
            match (release.is_active, release.percent) {
                (true, _) => "active".to_owned(),
                (false, Some(percent)) => format!("{percent} %"),
                (false, None) => "-".to_owned(),
            },
            escape(&release.origin),
        ]
    });
    let mut text = String::new();
    for row in aligned(["release", "created", "size", "requests", "from"], rows) {
        line(&mut text, &row);
    }
    text
}

/// JSON that is safe to show: what is left of control characters after JSON's own rules.
pub(super) fn json(value: &Value) -> String {
    let mut text = String::new();
    for c in format!("{value:#}\n").chars() {
        match c {
            '\n' => text.push(c),
            // Such a character stands in a string, and below the surrogates.
            c if is_unsafe(c) => {
                write!(text, "\\u{:04x}", u32::from(c)).expect("a string takes every write");
            }
            c => text.push(c),
        }
    }
    text
}

/// A text in one line, with its control characters shown and not obeyed.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Whether a terminal does something else with a character than to show it in its place: control
/// characters, and those that end lines or turn the direction of text.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        )
        || matches!(c, '\u{2066}'..='\u{2069}')
}

/// What went wrong and when. Its lines stay lines: the manifest's errors show the place.
fn tell(text: &mut String, trouble: &TroubleStatus) {
    for (index, why) in trouble.why.lines().enumerate() {
        let why = escape(why);
        let at = moment(trouble.at);
        let start = match index {
            0 => format!("  trouble since {at}: "),
            _ => "    ".to_owned(),
        };
        line(text, &(start + &why));
    }
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a string takes every write");
}

/// A head and rows below it, each column as wide as its widest cell.
fn aligned<const N: usize>(
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Vec<String> {
    let rows: Vec<[String; N]> = std::iter::once(head.map(str::to_owned))
        .chain(rows)
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or_default());
    let align = |row: &[String; N]| {
        let cells = row.iter().zip(widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        cells.join("   ").trim_end().to_owned()
    };
    rows.iter().map(align).collect()
}

fn moment(at: OffsetDateTime) -> String {
    at.to_utc()
        .format(format_description!(
            "[year]-[month]-[day] [hour]:[minute]:[second] UTC"
        ))
        .unwrap_or_else(|_| at.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    fn app(name: &str) -> AppStatus {
        AppStatus {
            name: name.to_owned(),
            routes: vec![format!("/{name}")],
            component: format!("{name}.wasm"),
            active: None,
            split: None,
            is_loaded: false,
            trouble: None,
        }
    }

    #[test]
    fn columns_are_aligned() {
        let shop = AppStatus {
            active: Some("a1b2c3d4e5f6".to_owned()),
            is_loaded: true,
            ..app("shop")
        };
        let blog = AppStatus {
            trouble: Some(TroubleStatus {
                at: datetime!(2026-11-24 01:02:03.5 UTC),
                why: "wasgi.toml:3:1: wrong\n\u{1b}[31mred\nhint: none".to_owned(),
            }),
            ..app("b")
        };
        assert_eq!(
            apps(&[shop, blog]),
            "app    release        routes   state\n\
             shop   a1b2c3d4e5f6   /shop    loaded\n\
             b      -              /b       idle\n\
             \x20 trouble since 2026-11-24 01:02:03 UTC: wasgi.toml:3:1: wrong\n\
             \x20   \\u{1b}[31mred\n\
             \x20   hint: none\n"
        );
    }

    #[test]
    fn a_terminal_is_not_steered() {
        for (text, expected) in [
            (
                "plain \"text\" of \u{e9} and \\",
                "plain \"text\" of \u{e9} and \\",
            ),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("two\r\nlines\t", "two\\r\\nlines\\t"),
            ("\u{9b}2J \u{202e}turned", "\\u{9b}2J \\u{202e}turned"),
        ] {
            assert_eq!(escape(text), expected);
        }
        let value = json!({"a": "\u{1b}\u{7f}\u{9b}\u{202e}\n\u{e9}"});
        let text = json(&value);
        assert_eq!(
            text,
            "{\n  \"a\": \"\\u001b\\u007f\\u009b\\u202e\\n\u{e9}\"\n}\n"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
