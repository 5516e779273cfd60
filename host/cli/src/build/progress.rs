//! How a build is shown while it goes on: in one line of a terminal, else in a line each step.
//!
//! Owns standard error for as long as a build takes.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use wasgi_build::Progress;

/// What shows a build.
pub(super) struct Shown {
    /// The line of the terminal; none: it is none.
    line: Option<ProgressBar>,
    /// Whether what tools write is shown whole.
    is_verbose: bool,
    step: String,
}

impl Shown {
    /// Begins to show a build.
    pub(super) fn new(is_verbose: bool) -> Self {
        let line = (io::stderr().is_terminal() && !is_verbose).then(|| {
            let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}");
            line.set_style(style.expect("the template is well formed"));
            line.enable_steady_tick(TICK);
            line
        });
        Self {
            line,
            is_verbose,
            step: String::new(),
        }
    }

    /// Leaves the terminal as it was.
    pub(super) fn end(&self) {
        if let Some(line) = &self.line {
            line.finish_and_clear();
        }
    }

    /// Writes what is to stay.
    #[expect(
        clippy::unused_self,
        reason = "whoever shows a build owns standard error"
    )]
    pub(super) fn tell(&self, text: &str) {
        // If standard error is closed, nobody is there to be told.
        io::stderr().write_all(text.as_bytes()).unwrap_or_default();
    }
}

/// How often the line shows that the build goes on.
const TICK: Duration = Duration::from_millis(100);

impl Progress for Shown {
    fn step(&mut self, what: &str) {
        what.clone_into(&mut self.step);
        match &self.line {
            Some(line) => line.set_message(self.step.clone()),
            None => self.tell(&format!("{what}\n")),
        }
    }

    fn output(&mut self, line: &str) {
        if let Some(shown) = &self.line {
            // Control characters of a tool are not for this terminal.
            let line: String = line.chars().filter(|c| !c.is_control()).collect();
            shown.set_message(format!("{}: {}", self.step, line.trim()));
        } else if self.is_verbose {
            self.tell(&format!("  {line}\n"));
        }
    }
}
