//! What ends the program: errors, where each is, the way out and the exit code.
//!
//! Owns the form of fatal errors. It never prints; `main` does.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use wasgi_build::BuildError;
use wasgi_gateway::LoadError;

/// The most errors that are shown at one time. The others are counted.
pub(crate) const ERRORS_MAX: usize = 100;

/// An error that ends the program.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// Who can mend it, and so the exit code.
    pub(crate) cause: Cause,
    /// Where a manifest says what is wrong.
    pub(crate) place: Option<Place>,
    /// One line: what was expected, and what came.
    pub(crate) message: String,
    /// The way out, where one thing mends it.
    pub(crate) hint: Option<Box<str>>,
    /// What a tool or an app wrote of it. It may be empty.
    pub(crate) output: Box<str>,
}

/// Who can mend an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The arguments or the manifest are wrong.
    Usage,
    /// They are right, but the machine does not match them.
    RunTime,
}

/// A place in a manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The manifest.
    pub(crate) file: Arc<Path>,
    /// The line, from 1.
    pub(crate) line: usize,
    /// The character in the line, from 1.
    pub(crate) column: usize,
    /// The line, marked.
    pub(crate) excerpt: String,
}

impl Failure {
    /// The arguments or the manifest are wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Cause::Usage, message.into())
    }

    /// A file, an address or a component is not as the arguments expect.
    pub(crate) fn run_time(message: impl Into<String>) -> Self {
        Self::new(Cause::RunTime, message.into())
    }

    fn new(cause: Cause, message: String) -> Self {
        Self {
            cause,
            place: None,
            message,
            hint: None,
            output: Box::default(),
        }
    }

    /// Adds the way out.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into().into()),
            ..self
        }
    }

    /// Adds where a manifest says what is wrong.
    pub(crate) fn at(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("error: ")?;
        if let Some(place) = &self.place {
            let (line, column) = (place.line, place.column);
            write!(f, "{}:{line}:{column}: ", place.file.display())?;
        }
        f.write_str(&self.message)?;
        if let Some(place) = &self.place {
            write!(f, "\n{}", place.excerpt)?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        for line in self.output.lines() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        let failure = Self::run_time(error.to_string());
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        // Files are shown as they are called from here.
        let here = std::env::current_dir().unwrap_or_default();
        let message = match error.place() {
            None => error.message().to_owned(),
            Some(place) => {
                let file = place.file.strip_prefix(here).unwrap_or(&place.file);
                let numbers = [place.line, place.column].into_iter().flatten();
                let numbers: String = numbers.map(|number| format!("{number}:")).collect();
                format!("{}:{numbers} {}", file.display(), error.message())
            }
        };
        let failure = match error.is_usage() {
            true => Self::usage(message),
            false => Self::run_time(message),
        };
        Self {
            hint: error.way_out().map(Box::from),
            output: error.tool_output().into(),
            ..failure
        }
    }
}

/// All that is wrong, in the order of the lines. It may be empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failures {
    /// Those that are shown.
    shown: Vec<Failure>,
    /// Those that are only counted.
    more: usize,
    /// Whether the arguments or the manifest are wrong.
    is_usage: bool,
}

impl Failures {
    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Those that are shown.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Failure> {
        self.shown.iter()
    }

    /// Those beyond the ones that are shown.
    pub(crate) fn more(&self) -> usize {
        self.more
    }

    /// Adds others.
    pub(crate) fn append(&mut self, other: Self) {
        self.is_usage |= other.is_usage;
        self.more += other.more;
        self.extend(other.shown);
    }

    /// Counts errors that are not shown.
    pub(crate) fn count(&mut self, more: usize) {
        self.more += more;
    }

    /// 2 for usage, 1 for run time.
    pub(crate) fn exit_code(&self) -> ExitCode {
        if self.is_usage {
            ExitCode::from(2)
        } else {
            ExitCode::FAILURE
        }
    }

    /// Nothing, or these.
    pub(crate) fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl Extend<Failure> for Failures {
    fn extend<T: IntoIterator<Item = Failure>>(&mut self, failures: T) {
        for failure in failures {
            self.is_usage |= failure.cause == Cause::Usage;
            self.shown.push(failure);
        }
        // Those without a place come first: they are about a file or a target as a whole.
        self.shown.sort_by(|one, other| one.place.cmp(&other.place));
        // Limit: ERRORS_MAX
        self.more += self.shown.len().saturating_sub(ERRORS_MAX);
        self.shown.truncate(ERRORS_MAX);
    }
}

impl<T: Into<Failure>> From<T> for Failures {
    fn from(failure: T) -> Self {
        let mut failures = Self::default();
        failures.extend([failure.into()]);
        failures
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, failure) in self.shown.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{failure}")?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

/// The system refused.
pub(crate) fn cannot(what: &str, error: &std::io::Error) -> Failure {
    Failure::run_time(format!("cannot {what}: {}", reason(error)))
}

/// The cause of an I/O error in a few words, without the number that the standard library adds.
pub(crate) fn reason(error: &std::io::Error) -> String {
    use std::io::ErrorKind;

    match error.kind() {
        ErrorKind::NotFound => "no such file or folder".to_owned(),
        ErrorKind::AddrInUse => "address in use".to_owned(),
        ErrorKind::AddrNotAvailable => "this machine does not have the address".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => error.to_string(),
    }
}
