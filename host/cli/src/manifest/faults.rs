//! The faults of a manifest, as they are found.
//!
//! Owns what is noted and what is not worth a note. Readers note a fault and go on with a default,
//! so that all faults are found in one reading.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use super::source::Source;
use crate::failure::{ERRORS_MAX, Failure, Failures};

/// What was found wrong so far.
pub(super) struct Faults<'a> {
    pub(super) source: &'a Source<'a>,
    found: RefCell<Vec<Failure>>,
    /// Those that were found when there were enough to show.
    more: Cell<usize>,
    /// Whether all of the text could be read. If not, what is absent may stand in the rest.
    is_whole: Cell<bool>,
}

/// Why a value is refused.
pub(super) struct Wrong {
    message: String,
    hint: Option<String>,
}

impl Wrong {
    /// Adds the way out.
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// A key or a value that is not among the known ones.
    pub(super) fn unknown(what: &str, name: &str, known: &[&str]) -> Self {
        let nearest = known
            .iter()
            .map(|known| (strsim::jaro_winkler(name, known), known))
            .max_by(|one, other| one.0.total_cmp(&other.0));
        let hint = match nearest {
            Some((alike, known)) if alike >= ALIKE => format!("did you mean `{known}`?"),
            _ => format!("the {what}s known here are {}", known.join(", ")),
        };
        Self::from(format!("unknown {what} `{}`", name.escape_debug())).hint(hint)
    }
}

/// How alike two keys are, from 0 to 1, for one to be taken as the other misspelt. `memroy` and
/// `memory` are at 0.95, `host` and `path` at 0.5.
const ALIKE: f64 = 0.75;

impl<T: Into<String>> From<T> for Wrong {
    fn from(message: T) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }
}

impl<'a> Faults<'a> {
    pub(super) fn new(source: &'a Source<'a>) -> Self {
        Self {
            source,
            found: RefCell::default(),
            more: Cell::default(),
            is_whole: Cell::new(true),
        }
    }

    /// The manifest says something wrong at `span`.
    pub(super) fn wrong(&self, span: &Range<usize>, wrong: impl Into<Wrong>) {
        self.note(Some(span), wrong.into());
    }

    /// Part of the text is no TOML, and was not read.
    pub(super) fn unreadable(&self, span: Option<&Range<usize>>, message: &str) {
        self.is_whole.set(false);
        self.note(span, message.into());
    }

    /// The manifest lacks something, or would not if all of it could be read. `span` is where it
    /// is expected; none: in the manifest as a whole.
    pub(super) fn absent(&self, span: Option<&Range<usize>>, wrong: impl Into<Wrong>) {
        if self.is_whole.get() {
            self.note(span, wrong.into());
        }
    }

    /// A good value; a bad one is noted.
    pub(super) fn check<T, E: Into<Wrong>>(
        &self,
        span: &Range<usize>,
        value: Result<T, E>,
    ) -> Option<T> {
        value.map_err(|wrong| self.wrong(span, wrong)).ok()
    }

    /// What the machine lacks that the manifest names at `span`. It is not noted: the manifest may
    /// be right.
    pub(super) fn lacking(&self, span: &Range<usize>, message: String) -> Failure {
        Failure::run_time(message).at(Some(self.source.place(span)))
    }

    /// All that was noted.
    pub(super) fn finish(self) -> Failures {
        let mut failures = Failures::default();
        failures.extend(self.found.into_inner());
        failures.count(self.more.get());
        failures
    }

    fn note(&self, span: Option<&Range<usize>>, wrong: Wrong) {
        // Limit: ERRORS_MAX
        if self.found.borrow().len() >= ERRORS_MAX {
            self.more.set(self.more.get() + 1);
            return;
        }
        // Limit: MESSAGE_CHARS_MAX
        let message = match wrong.message.char_indices().nth(MESSAGE_CHARS_MAX) {
            Some((end, _)) => format!("{}…", &wrong.message[..end]),
            None => wrong.message,
        };
        let message = match span {
            Some(_) => message,
            None => format!("{}: {message}", self.source.path.display()),
        };
        let failure = Failure::usage(message).at(span.map(|span| self.source.place(span)));
        self.found.borrow_mut().push(match wrong.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        });
    }
}

/// The longest message about a fault. Values that stand in it may be as long as the manifest.
const MESSAGE_CHARS_MAX: usize = 1000;
