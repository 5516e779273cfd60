//! `[[app.sql]]`: a database that an app's guests may use, by its name alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::Spanned;
use wasgi_server::{SqlLimits, SqlPassword, SqlSettings, SqlUrl};

use super::faults::Wrong;
use super::table::Table;
use crate::failure::Failure;

/// Reads a database. `folder` is the manifest's, `seen` has the names before. What the machine lacks
/// of its files goes to `missing`.
pub(super) fn read(
    table: &mut Table<'_>,
    folder: &Path,
    seen: &mut BTreeSet<String>,
    missing: &mut Vec<Failure>,
) -> Option<SqlSettings> {
    let name = name(table, seen);
    let url = url(table, folder, missing);
    let password = password(table, folder, missing);
    let default = SqlLimits::DEFAULT;
    let limits = SqlLimits {
        pool: table.number("pool", 1..=1_000, default.pool),
        wait: table.time("wait", 1).unwrap_or(default.wait),
        connect: table.time("connect", 1).unwrap_or(default.connect),
        statement: table.time("statement", 1).unwrap_or(default.statement),
    };
    Some(SqlSettings {
        name,
        password,
        read_only: table.flag("read-only").unwrap_or_default(),
        limits,
        url: url?,
    })
}

/// The name of a database that has no other.
const NAME_DEFAULT: &str = "default";

fn name(table: &mut Table<'_>, seen: &mut BTreeSet<String>) -> String {
    let name = table.text("name");
    let place = name.as_ref().map_or(table.span.clone(), Spanned::span);
    let name = name.map_or_else(|| NAME_DEFAULT.to_owned(), Spanned::into_inner);
    if name.is_empty() || name.chars().any(char::is_control) {
        let message = format!("expected a name without control characters, got {name:?}");
        table.faults.wrong(&place, message);
    } else if !seen.insert(name.clone()) {
        let wrong = Wrong::from(format!("the app already has a database named {name:?}"))
            .hint("give each `[[app.sql]]` a `name` of its own");
        table.faults.wrong(&place, wrong);
    }
    name
}

fn url(table: &mut Table<'_>, folder: &Path, missing: &mut Vec<Failure>) -> Option<SqlUrl> {
    let text = table.required("url")?;
    let url = table.parse::<SqlUrl>(&text)?.within(folder);
    // The file itself is made with the first connection.
    let lacking = url
        .file()
        .and_then(Path::parent)
        // An empty path is the folder of this process.
        .filter(|above| !above.as_os_str().is_empty() && !above.is_dir());
    if let Some(above) = lacking {
        let above = above.display();
        let message = format!("expected a folder for the database, but there is none at {above}");
        missing.push(table.faults.lacking(&text.span(), message));
    }
    Some(url)
}

fn password(table: &mut Table<'_>, folder: &Path, missing: &mut Vec<Failure>) -> SqlPassword {
    let file = table.text("password-file");
    let variable = table.text("password-env");
    match (file, variable) {
        (None, None) => SqlPassword::None,
        (None, Some(variable)) => SqlPassword::Environment(variable.into_inner()),
        (Some(file), variable) => {
            if let Some(variable) = variable {
                let message = "expected one of `password-file` and `password-env`, got both";
                table.faults.wrong(&variable.span(), message);
            }
            SqlPassword::File(password_file(table, folder, &file, missing))
        }
    }
}

fn password_file(
    table: &Table<'_>,
    folder: &Path,
    file: &Spanned<String>,
    missing: &mut Vec<Failure>,
) -> PathBuf {
    let path = folder.join(file.get_ref());
    if !path.is_file() {
        let message = format!(
            "expected a file with a password, but there is none at {}",
            path.display()
        );
        missing.push(table.faults.lacking(&file.span(), message));
    }
    path
}
