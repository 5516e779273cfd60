//! Where a database is: `sqlite:PATH`, or PostgreSQL's own kind of URL.
//!
//! Must not look whether it is there.

use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use super::postgres::PostgresUrl;

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqlUrl {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// A database of a PostgreSQL server.
    Postgres(Box<PostgresUrl>),
}

/// Why a text is no database's URL.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SqlUrlError(String);

impl SqlUrl {
    /// The same with what is relative taken from a folder.
    #[must_use]
    pub fn within(self, folder: &Path) -> Self {
        match self {
            Self::Sqlite(path) => Self::Sqlite(folder.join(path)),
            Self::Postgres(url) => Self::Postgres(Box::new(url.within(folder))),
        }
    }

    /// The file of a database in a file.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }

    /// The file with the certificates to trust, if it names one.
    pub fn root_certificates(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(url) => url.root(),
        }
    }

    /// Whether it has a password in it.
    pub fn has_password(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(url) => url.has_password(),
        }
    }
}

impl FromStr for SqlUrl {
    type Err = SqlUrlError;

    fn from_str(text: &str) -> Result<Self, SqlUrlError> {
        match text.split_once(':') {
            Some(("sqlite", path)) => sqlite(text, path),
            Some(("postgres" | "postgresql", _)) => {
                let url = text.parse().map_err(SqlUrlError)?;
                Ok(Self::Postgres(Box::new(url)))
            }
            _ => Err(SqlUrlError(format!(
                "expected \"sqlite:PATH\" or \"postgres://USER@HOST:PORT/DATABASE\", got {text:?}"
            ))),
        }
    }
}

fn sqlite(text: &str, path: &str) -> Result<SqlUrl, SqlUrlError> {
    let refuse = |why: &str| {
        let message = format!("expected \"sqlite:PATH\" with the path of a file, got {text:?}: ");
        Err(SqlUrlError(message + why))
    };
    if path.starts_with("//") {
        return refuse("leave out the `//`");
    }
    if path.contains(['?', '#']) {
        return refuse("SQLite is given no parameters here");
    }
    if path.is_empty() || path.ends_with('/') || path.starts_with(':') {
        return refuse("name a file, which is made if it is missing");
    }
    let path = Path::new(path);
    if path.components().any(|part| part == Component::ParentDir) {
        return refuse("the file must be below the manifest's folder, or named by its whole path");
    }
    Ok(SqlUrl::Sqlite(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_sqlite_is_read() {
        for (text, path) in [
            ("sqlite:app.db", "/site/app.db"),
            ("sqlite:./data/app.db", "/site/./data/app.db"),
            ("sqlite:/var/lib/app.db", "/var/lib/app.db"),
        ] {
            let url: SqlUrl = text.parse().unwrap();
            let url = url.within(Path::new("/site"));
            assert_eq!(url.file(), Some(Path::new(path)));
        }
    }

    #[test]
    fn a_bad_url_is_refused() {
        for (text, why) in [
            ("app.db", "expected \"sqlite:PATH\" or"),
            ("mysql://a@b/c", "expected \"sqlite:PATH\" or"),
            ("sqlite:", "name a file"),
            ("sqlite:data/", "name a file"),
            ("sqlite::memory:", "name a file"),
            ("sqlite:///app.db", "leave out the `//`"),
            ("sqlite:../app.db", "below the manifest's folder"),
            ("sqlite:a/../../app.db", "below the manifest's folder"),
            ("sqlite:app.db?mode=ro", "no parameters"),
        ] {
            let error = SqlUrl::from_str(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text} gives {error}");
        }
    }
}
