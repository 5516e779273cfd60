//! The names that a module of Python defines, found without running it.
//!
//! Owns a scan of statements that begin a line. What is defined within an `if` or a `try` is not
//! seen: who has such a module names the app.

/// A name that a module defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The name.
    pub(super) name: String,
    /// How it is defined.
    pub(super) kind: Kind,
}

/// How a name is defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `name = …`, a function or a class.
    Defined,
    /// `def name`, which may also be called for its result.
    Function,
    /// `from … import name`.
    Imported,
}

/// The names that a module defines, in the order of the lines.
pub(super) fn names(source: &str) -> Vec<Name> {
    let mut found = Vec::new();
    for statement in statements(source) {
        names_of(&statement, &mut found);
    }
    found
}

fn names_of(statement: &str, found: &mut Vec<Name>) {
    let mut add = |name: &str, kind| {
        if is_identifier(name) {
            let name = name.to_owned();
            found.push(Name { name, kind });
        }
    };
    let definition = statement.strip_prefix("async ").unwrap_or(statement);
    if let Some(rest) = definition.trim_start().strip_prefix("def ") {
        add(until(rest, &['(', '[']), Kind::Function);
    } else if let Some(rest) = statement.strip_prefix("class ") {
        add(until(rest, &['(', ':', '[']), Kind::Defined);
    } else if statement.starts_with("from ") {
        let names = statement
            .split_once(" import ")
            .map_or("", |(_, names)| names);
        for name in names.split(',') {
            let name = name.trim_matches(|c: char| c.is_whitespace() || c == '(' || c == ')');
            let name = name.rsplit_once(" as ").map_or(name, |(_, name)| name);
            add(name.trim(), Kind::Imported);
        }
    } else {
        // `a = b = 1` defines both.
        let mut rest = statement;
        while let Some((target, value)) = rest.split_once('=') {
            let target = until(target, &[':']);
            if value.starts_with('=') || !is_identifier(target) {
                break;
            }
            add(target, Kind::Defined);
            rest = value;
        }
    }
}

fn until<'s>(text: &'s str, ends: &[char]) -> &'s str {
    text.split(ends).next().unwrap_or("").trim()
}

/// Whether a text is a name in Python.
pub(super) fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

/// The statements that begin a line: in one line each, without comments, strings empty.
fn statements(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut statement = String::new();
    let mut depth = 0_usize;
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '#' => from_next(rest, '\n'),
            '"' | '\'' => {
                statement.push_str("\"\"");
                after_string(rest, c)
            }
            '\\' if after.starts_with('\n') => &after[1..],
            '\n' if depth == 0 => {
                finish(&mut statement, &mut found);
                after
            }
            '\n' | '\r' => {
                statement.push(' ');
                after
            }
            _ => {
                match c {
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                statement.push(c);
                after
            }
        };
    }
    finish(&mut statement, &mut found);
    found
}

fn finish(statement: &mut String, found: &mut Vec<String>) {
    let done = std::mem::take(statement);
    if !done.starts_with(char::is_whitespace) && !done.trim().is_empty() {
        found.push(done.trim_end().to_owned());
    }
}

/// What follows a string that begins here.
fn after_string(text: &str, quote: char) -> &str {
    let triple: String = [quote; 3].iter().collect();
    let is_triple = text.starts_with(&triple);
    let mut rest = &text[if is_triple { 3 } else { 1 }..];
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        if is_triple && rest.starts_with(&triple) {
            return &rest[3..];
        }
        match c {
            '\\' => {
                rest = after;
                if let Some(escaped) = after.chars().next() {
                    rest = &after[escaped.len_utf8()..];
                }
            }
            _ if is_triple => rest = after,
            _ if c == quote => return after,
            // It was never ended: Python will say so.
            '\n' => return rest,
            _ => rest = after,
        }
    }
    rest
}

fn from_next(text: &str, c: char) -> &str {
    text.find(c).map_or("", |at| &text[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(source: &str) -> Vec<(String, Kind)> {
        let names = names(source).into_iter();
        names.map(|name| (name.name, name.kind)).collect()
    }

    fn check(source: &str, expected: &[(&str, Kind)]) {
        let found = scan(source);
        let found: Vec<_> = found.iter().map(|(name, kind)| (&**name, *kind)).collect();
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn what_begins_a_line_defines_names() {
        use Kind::{Defined, Function, Imported};
        check("app = Flask(__name__)\n", &[("app", Defined)]);
        check("app: Flask = Flask()", &[("app", Defined)]);
        check("a = b = 1\n", &[("a", Defined), ("b", Defined)]);
        check(
            "def create_app(x=1):\n    app = 1\n",
            &[("create_app", Function)],
        );
        check(
            "async def app(scope, receive, send):\n  pass",
            &[("app", Function)],
        );
        check("class app:\n  x = 1\n", &[("app", Defined)]);
        check(
            "from x import app as application, b\n",
            &[("application", Imported), ("b", Imported)],
        );
        check(
            "from x import (\n  app,  # it\n  b\n)\n",
            &[("app", Imported), ("b", Imported)],
        );
        check(
            "app = make(\n  a=1,\n)\nb = 2",
            &[("app", Defined), ("b", Defined)],
        );
    }

    #[test]
    fn strings_comments_and_blocks_define_nothing() {
        check(
            "\"\"\"\napp = 1\n\"\"\"\n# app = 1\nif x:\n    app = 1\n",
            &[],
        );
        check("app == 1\napp.x = 1\nx[app] = 1\nprint('app = 1')\n", &[]);
        check(
            "x = 'it\\'s'; y = \"\"\"a\"b\"\"\"\nb = 1\n",
            &[("x", Kind::Defined), ("b", Kind::Defined)],
        );
        check(
            "x = 'never ended\nb = 1\n",
            &[("x", Kind::Defined), ("b", Kind::Defined)],
        );
    }

    #[test]
    fn no_text_is_too_odd() {
        for source in [
            "",
            "\\",
            "'",
            "\"\"\"",
            "def ",
            "from x import",
            "(((",
            "=",
            "é = 1\r\n",
        ] {
            names(source);
        }
    }
}
