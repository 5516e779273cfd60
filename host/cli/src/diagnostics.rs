//! Standard error: the first line, then diagnostics.
//!
//! Owns the form and the order of what is written there. Fatal errors are `main`'s.

use std::io::{self, IsTerminal as _, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, mem};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Compact, Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, format};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::LogLevel;

/// Diagnostics. They are held back until the server listens, because its first line is for
/// programs, which read nothing before it. Dropping this lets them through.
pub(crate) struct Diagnostics(Output);

impl Diagnostics {
    /// Starts to take diagnostics of at least this level.
    pub(crate) fn hold(level: LogLevel, guest_lines: GuestLines) -> Self {
        let output = Output(Arc::new(Mutex::new(Some(Vec::new()))));
        let writer = output.clone();
        let lines = tracing_subscriber::fmt::layer()
            .event_format(Lines {
                host: format().compact(),
                guest: guest_lines,
            })
            .with_ansi(io::stderr().is_terminal())
            .with_writer(move || writer.clone());
        let level = LevelFilter::from(level);
        // What the libraries below say is for their developers, unless it is a warning.
        let filter = Targets::new()
            .with_default(level.min(LevelFilter::WARN))
            .with_target("wasgi", level)
            .with_target("guest", level);
        tracing_subscriber::registry()
            .with(filter)
            .with(lines)
            .init();
        Self(output)
    }

    /// Writes the line that says where the server listens, then what was held back.
    pub(crate) fn announce(&self, addresses: &[SocketAddr]) {
        let lines: String = addresses
            .iter()
            .map(|address| format!("listening on http://{address}\n"))
            .collect();
        self.0.open(&lines);
    }
}

impl Drop for Diagnostics {
    fn drop(&mut self) {
        self.0.open("");
    }
}

/// The form of what guests write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GuestLines {
    /// With the time, the app and the request.
    Labelled,
    /// As they were written.
    Plain,
}

/// The form of an event.
struct Lines {
    host: Format<Compact>,
    guest: GuestLines,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if self.guest == GuestLines::Labelled || event.metadata().target() != "guest" {
            return self.host.format_event(context, writer, event);
        }
        event.record(&mut Message(&mut writer));
        writeln!(writer)
    }
}

/// Writes the message of an event, and none of its fields.
struct Message<'a, 'w>(&'a mut Writer<'w>);

impl Visit for Message<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // A line that cannot be formatted is left out.
            write!(self.0, "{value:?}").unwrap_or_default();
        }
    }
}

/// Standard error, or what waits for it.
#[derive(Clone)]
struct Output(Arc<Mutex<Option<Vec<u8>>>>);

// Far more than the loading of any number of apps has to say.
const MOST_HELD: usize = 64 * 1024;

impl Output {
    fn open(&self, first: &str) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = first.as_bytes().to_vec();
        bytes.append(&mut mem::take(&mut *held).unwrap_or_default());
        // There is nowhere left to say that standard error is closed.
        io::stderr().write_all(&bytes).unwrap_or_default();
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *held {
            Some(held) => {
                let room = MOST_HELD.saturating_sub(held.len()).min(bytes.len());
                held.extend_from_slice(&bytes[..room]);
                Ok(bytes.len())
            }
            None => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Off => Self::OFF,
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_held_until_the_first_is_out() {
        let mut output = Output(Arc::new(Mutex::new(Some(Vec::new()))));
        output.write_all(b"early\n").unwrap();
        assert_eq!(output.0.lock().unwrap().as_deref(), Some(&b"early\n"[..]));
        output.write_all(&vec![b'x'; MOST_HELD]).unwrap();
        assert_eq!(
            output.0.lock().unwrap().as_ref().map(Vec::len),
            Some(MOST_HELD)
        );
    }
}
