//! What ends the program: one error, where it is, the way out and the exit code.
//!
//! Owns the form of fatal errors. It never prints; `main` does.

use std::fmt;
use std::process::ExitCode;

use wasgi_gateway::LoadError;

/// An error that ends the program.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Who can mend it, and so the exit code.
    cause: Cause,
    /// One line: what was expected, and what came.
    message: String,
    /// The offending line of a manifest, marked.
    excerpt: Option<String>,
    /// The way out, where one thing mends it.
    hint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// The arguments or the manifest are wrong.
    Usage,
    /// They are right, but the machine does not match them.
    RunTime,
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
            message,
            excerpt: None,
            hint: None,
        }
    }

    /// Adds the way out.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// Adds the offending line.
    pub(crate) fn excerpt(self, excerpt: String) -> Self {
        Self {
            excerpt: Some(excerpt),
            ..self
        }
    }

    /// 2 for usage, 1 for run time.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.cause {
            Cause::Usage => ExitCode::from(2),
            Cause::RunTime => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        if let Some(excerpt) = &self.excerpt {
            write!(f, "\n{excerpt}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
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
