//! The one place that says what can go wrong with a request, whose fault that is, and which status
//! the client sees.
//!
//! Must not log and must not format a response: the server does both, once.

use std::error::Error as StdError;
use std::fmt;

use http::StatusCode;

/// An error of any kind, boxed.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Bytes of an error's message. Guests have a say in some of them, and the log is not theirs.
const MESSAGE_BYTES_MAX: usize = 1024;

/// Why a request failed.
///
/// `Display` prints one level only; [`Error::chain`] prints all of them.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    source: Option<BoxError>,
    report: Option<Box<GuestReport>>,
    app: Option<Box<str>>,
}

/// What a guest left behind when it failed: for the log, not for clients.
#[derive(Debug, Default)]
pub struct GuestReport {
    /// The frames of the guest's stack, innermost first, one a line. Empty if it was not running.
    pub backtrace: String,
    /// The last lines that the guest wrote while it served the request.
    pub log_tail: Vec<String>,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request is not valid HTTP, or not one that a gateway can take.
    BadRequest,
    /// No app is mounted where the request points to.
    NoApp,
    /// The client took too long to send the request's head.
    HeadTimeout,
    /// The client took too long to send more of the request's body.
    BodyTimeout,
    /// The request's body is over the app's limit.
    BodyTooLarge,
    /// The request's head is over the server's limit.
    HeadTooLarge,
    /// The client left before it had its response.
    ClientGone,
    /// The guest trapped.
    GuestTrapped,
    /// The guest returned an error.
    GuestFailed,
    /// The guest returned a response that is not valid HTTP or is over a limit.
    BadResponse,
    /// The guest died after it was refused more memory than its limit.
    MemoryLimit,
    /// The guest made the host allocate more than its limit for one call.
    HostCallLimit,
    /// The guest used up its CPU time.
    CpuLimit,
    /// The guest took too long to make the response's head.
    WallLimit,
    /// The guest took too long to make the next chunk of the response's body.
    IdleLimit,
    /// The app is there, but no release of it could be loaded.
    NotLoaded,
    /// The app, or the host, has no room for another request.
    Overloaded,
    /// The host could not make an instance.
    Instantiation,
    /// The host is at fault.
    Bug,
}

/// Whose doing an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Whoever sent the request.
    Client,
    /// The app.
    Guest,
    /// wasgi, or the machine that it runs on.
    Host,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 19] = [
        Self::BadRequest,
        Self::NoApp,
        Self::HeadTimeout,
        Self::BodyTimeout,
        Self::BodyTooLarge,
        Self::HeadTooLarge,
        Self::ClientGone,
        Self::GuestTrapped,
        Self::GuestFailed,
        Self::BadResponse,
        Self::MemoryLimit,
        Self::HostCallLimit,
        Self::CpuLimit,
        Self::WallLimit,
        Self::IdleLimit,
        Self::NotLoaded,
        Self::Overloaded,
        Self::Instantiation,
        Self::Bug,
    ];

    /// Whose doing it is.
    pub fn fault(self) -> Fault {
        match self {
            Self::BadRequest
            | Self::NoApp
            | Self::HeadTimeout
            | Self::BodyTimeout
            | Self::BodyTooLarge
            | Self::HeadTooLarge
            | Self::ClientGone => Fault::Client,
            Self::GuestTrapped
            | Self::GuestFailed
            | Self::BadResponse
            | Self::MemoryLimit
            | Self::HostCallLimit
            | Self::CpuLimit
            | Self::WallLimit
            | Self::IdleLimit => Fault::Guest,
            Self::NotLoaded | Self::Overloaded | Self::Instantiation | Self::Bug => Fault::Host,
        }
    }

    /// The status that the client sees. 499 stands in the log only: there is nobody left to see it.
    pub fn status(self) -> StatusCode {
        let code = match self {
            Self::BadRequest => 400,
            Self::NoApp => 404,
            Self::HeadTimeout | Self::BodyTimeout => 408,
            Self::BodyTooLarge => 413,
            Self::HeadTooLarge => 431,
            Self::ClientGone => 499,
            Self::GuestTrapped
            | Self::GuestFailed
            | Self::BadResponse
            | Self::MemoryLimit
            | Self::HostCallLimit => 502,
            Self::CpuLimit | Self::WallLimit | Self::IdleLimit => 504,
            Self::NotLoaded | Self::Overloaded => 503,
            Self::Instantiation | Self::Bug => 500,
        };
        StatusCode::from_u16(code).expect("each code above has three digits")
    }

    /// The kind's name in logs. It stays the same from version to version.
    pub fn code(self) -> &'static str {
        match self {
            Self::BadRequest => "bad-request",
            Self::NoApp => "no-app",
            Self::HeadTimeout => "head-timeout",
            Self::BodyTimeout => "body-timeout",
            Self::BodyTooLarge => "body-too-large",
            Self::HeadTooLarge => "head-too-large",
            Self::ClientGone => "client-gone",
            Self::GuestTrapped => "guest-trapped",
            Self::GuestFailed => "guest-failed",
            Self::BadResponse => "bad-response",
            Self::MemoryLimit => "memory-limit",
            Self::HostCallLimit => "host-call-limit",
            Self::CpuLimit => "cpu-limit",
            Self::WallLimit => "wall-limit",
            Self::IdleLimit => "idle-limit",
            Self::NotLoaded => "not-loaded",
            Self::Overloaded => "overloaded",
            Self::Instantiation => "instantiation",
            Self::Bug => "bug",
        }
    }
}

impl Fault {
    /// The fault's name in logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Guest => "guest",
            Self::Host => "host",
        }
    }
}

impl Error {
    /// An error with what was expected and what came. A long message is cut.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        let mut message = message.into();
        // Limit: MESSAGE_BYTES_MAX
        if message.len() > MESSAGE_BYTES_MAX {
            message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
            message.push('…');
        }
        Self {
            kind,
            message,
            source: None,
            report: None,
            app: None,
        }
    }

    /// Adds the error beneath this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds what the guest left behind.
    #[must_use]
    pub(crate) fn with_report(mut self, report: GuestReport) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    /// Says which app it is that failed. The first who says so knows.
    #[must_use]
    pub(crate) fn of_app(mut self, name: &str) -> Self {
        self.app.get_or_insert_with(|| name.into());
        self
    }

    /// The name of the app that failed, if that is one behind a middleware.
    pub fn app(&self) -> Option<&str> {
        self.app.as_deref()
    }

    /// What went wrong.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What the guest left behind, if it is the guest that failed.
    pub fn report(&self) -> Option<&GuestReport> {
        self.report.as_deref()
    }

    /// This error and all beneath it, joined with `: `; before them the app behind a middleware.
    pub fn chain(&self) -> String {
        let mut text = match &self.app {
            Some(app) => format!("behind its middleware, {app}: {self}"),
            None => self.to_string(),
        };
        let mut next = self.source();
        while let Some(error) = next {
            text.push_str(": ");
            text.push_str(&error.to_string());
            next = error.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

/// Why a component cannot be loaded or an app cannot be made of it.
#[derive(Debug)]
pub struct LoadError {
    message: String,
    hint: Option<String>,
}

impl LoadError {
    /// An error that names the file, what was expected of it, and what it is.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    /// Adds the way out.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The way out, if one is known.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for LoadError {}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_distinct_and_statuses_follow_the_fault() {
        let codes: HashSet<_> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            let status = kind.status().as_u16();
            match kind.fault() {
                Fault::Client => assert!((400..500).contains(&status), "{kind:?}"),
                Fault::Guest => assert!([502, 504].contains(&status), "{kind:?}"),
                Fault::Host => assert!([500, 503].contains(&status), "{kind:?}"),
            }
        }
    }

    #[test]
    fn a_long_message_is_cut() {
        let error = Error::new(Kind::GuestFailed, "é".repeat(MESSAGE_BYTES_MAX));
        assert!(error.to_string().len() <= MESSAGE_BYTES_MAX + "…".len());
    }

    #[test]
    fn chain_joins_every_level() {
        let error = Error::new(Kind::Bug, "outer").with_source("inner");
        assert_eq!(error.to_string(), "outer");
        assert_eq!(error.chain(), "outer: inner");
        let error = error.of_app("shop").of_app("auth");
        assert_eq!(error.app(), Some("shop"));
        assert_eq!(error.chain(), "behind its middleware, shop: outer: inner");
    }
}
