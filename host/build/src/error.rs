//! Why a build failed, in the developer's terms.
//!
//! Owns the parts of an error, not their form: whoever prints it lays it out.

use std::fmt::{self, Display};
use std::io;
use std::path::{Path, PathBuf};

/// Why a project cannot be built: what was expected, what came, and the way out.
#[derive(Clone, Debug)]
pub struct BuildError {
    message: String,
    place: Option<Place>,
    hint: Option<Box<str>>,
    output: Box<str>,
    is_usage: bool,
}

/// Where an error is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1. None: the file as a whole.
    pub line: Option<usize>,
    /// The character in the line, from 1. None: the line as a whole.
    pub column: Option<usize>,
}

impl BuildError {
    /// The project or the machine is not as a build expects.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            place: None,
            hint: None,
            output: Box::default(),
            is_usage: false,
        }
    }

    /// The arguments or the settings are wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            is_usage: true,
            ..Self::new(message)
        }
    }

    /// The system refused.
    pub(crate) fn cannot(what: &str, path: &Path, error: &io::Error) -> Self {
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "no such file or folder".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
            _ => error.to_string(),
        };
        Self::new(format!("cannot {what} {}: {reason}", path.display()))
    }

    /// Adds where it is.
    pub(crate) fn at(self, file: impl Into<PathBuf>, line: Option<usize>) -> Self {
        let file = file.into();
        Self {
            place: Some(Place {
                file,
                line,
                column: None,
            }),
            ..self
        }
    }

    /// Adds the character in the line.
    pub(crate) fn column(mut self, column: usize) -> Self {
        if let Some(place) = &mut self.place {
            place.column = Some(column);
        }
        self
    }

    /// Adds the way out.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into().into()),
            ..self
        }
    }

    /// Adds what a tool wrote.
    pub(crate) fn output(self, output: impl Into<String>) -> Self {
        Self {
            output: output.into().into(),
            ..self
        }
    }

    /// One line: what was expected, and what came.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The file, and the line in it.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// The way out.
    pub fn way_out(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// What the tool that failed wrote, or the app's own traceback. It may be empty.
    pub fn tool_output(&self) -> &str {
        &self.output
    }

    /// Whether the arguments or the settings are wrong, and not the project or the machine.
    pub fn is_usage(&self) -> bool {
        self.is_usage
    }
}

impl Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{}:", place.file.display())?;
            if let Some(line) = place.line {
                write!(f, "{line}:")?;
            }
            if let Some(column) = place.column {
                write!(f, "{column}:")?;
            }
            f.write_str(" ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for BuildError {}
