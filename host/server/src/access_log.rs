//! The access log: a line a request on standard output.
//!
//! Requests append to a buffer in memory, and one thread writes it out a moment later, so that a
//! request never waits for a pipe. Owns the lines' form, the buffer and the thread.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderValue, Method, Uri, Version};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::config::AccessLog;

/// Bytes that wait to be written. If whoever reads the log is slower than the server, lines over
/// that are dropped and counted.
pub const LOG_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Time that the last lines have to be written when the log ends. A reader may be stuck.
const FAREWELL: Duration = Duration::from_secs(1);

/// Time that lines are collected before they are written.
const DELAY: Duration = Duration::from_millis(50);

/// What a line says.
pub(crate) struct Line<'a> {
    /// The client's IP address.
    pub(crate) remote: &'a str,
    pub(crate) method: &'a Method,
    pub(crate) target: &'a Uri,
    pub(crate) version: Version,
    pub(crate) status: u16,
    /// Bytes of the body that were handed to the connection.
    pub(crate) bytes: u64,
    pub(crate) referer: Option<&'a HeaderValue>,
    pub(crate) user_agent: Option<&'a HeaderValue>,
    pub(crate) duration: Duration,
    pub(crate) request_id: &'a str,
    pub(crate) app: Option<&'a str>,
    /// The code of the error, if the request failed.
    pub(crate) error: Option<&'static str>,
}

/// The log. Dropping it writes what waits.
pub(crate) struct Log {
    form: AccessLog,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    dropped: u64,
    closed: bool,
    /// The thread has ended.
    ended: bool,
    stamp: Stamp,
}

impl Log {
    /// Starts a log that writes to `out`.
    pub(crate) fn start(form: AccessLog, out: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        if form != AccessLog::Off {
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new().name("wasgi-access-log".into());
            thread.spawn(move || shared.write_out(out))?;
        }
        Ok(Self { form, shared })
    }

    /// Whether lines are wanted.
    pub(crate) fn is_on(&self) -> bool {
        self.form != AccessLog::Off
    }

    /// Adds a line.
    pub(crate) fn add(&self, line: &Line<'_>) {
        let now = OffsetDateTime::now_utc();
        let mut waiting = self.shared.lock();
        // Limit: LOG_BYTES_MAX
        if waiting.lines.len() >= LOG_BYTES_MAX {
            waiting.dropped += 1;
            return;
        }
        let first = waiting.lines.is_empty();
        let Waiting { lines, stamp, .. } = &mut *waiting;
        match self.form {
            AccessLog::Combined => write_combined(lines, line, stamp.at(now)),
            AccessLog::Json => write_json(lines, line, now),
            AccessLog::Off => {}
        }
        drop(waiting);
        if first {
            self.shared.changed.notify_one();
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if self.form == AccessLog::Off {
            return;
        }
        let mut waiting = self.shared.lock();
        waiting.closed = true;
        self.shared.changed.notify_all();
        // Limit: FAREWELL
        let ended = self
            .shared
            .changed
            .wait_timeout_while(waiting, FAREWELL, |waiting| !waiting.ended);
        drop(ended);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_out(&self, mut out: impl Write) {
        let mut spare = Vec::new();
        loop {
            let mut waiting = self.lock();
            while waiting.lines.is_empty() && !waiting.closed {
                waiting = self
                    .changed
                    .wait(waiting)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            waiting = self.collect(waiting);
            std::mem::swap(&mut waiting.lines, &mut spare);
            let (closed, dropped) = (waiting.closed, std::mem::take(&mut waiting.dropped));
            drop(waiting);
            if dropped > 0 {
                tracing::warn!(
                    "{dropped} lines of the access log were dropped: its reader is slow"
                );
            }
            // Who reads the log may be gone; the server goes on without it.
            let written = out.write_all(&spare).and_then(|()| out.flush());
            if let Err(error) = written {
                tracing::warn!("cannot write the access log: {error}");
            }
            spare.clear();
            if closed {
                self.lock().ended = true;
                self.changed.notify_all();
                return;
            }
        }
    }

    /// Waits for more lines, so that many go out in one write.
    fn collect<'a>(&'a self, mut waiting: MutexGuard<'a, Waiting>) -> MutexGuard<'a, Waiting> {
        let until = Instant::now() + DELAY;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || waiting.closed {
                return waiting;
            }
            let waited = self.changed.wait_timeout(waiting, left);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The date of a line, which changes once a second.
#[derive(Default)]
struct Stamp {
    second: i64,
    text: String,
}

const STAMP: &[BorrowedFormatItem<'_>] = format_description!(
    "[day]/[month repr:short]/[year]:[hour]:[minute]:[second] [offset_hour sign:mandatory][offset_minute]"
);

impl Stamp {
    fn at(&mut self, now: OffsetDateTime) -> &str {
        let second = now.unix_timestamp();
        if self.second != second || self.text.is_empty() {
            self.second = second;
            self.text = now.format(STAMP).unwrap_or_default();
        }
        &self.text
    }
}

/// Apache's combined format: host, identity, user, date, request, status, bytes, referer, agent.
fn write_combined(out: &mut Vec<u8>, line: &Line<'_>, stamp: &str) {
    let Line {
        remote,
        method,
        target,
        version,
        status,
        bytes,
        ..
    } = line;
    push(out, format_args!("{remote} - - [{stamp}] \""));
    escape(out, method.as_str().as_bytes());
    out.push(b' ');
    push_target(out, target);
    push(out, format_args!(" {version:?}\" {status} {bytes} \""));
    for (field, end) in [(line.referer, "\" \""), (line.user_agent, "\"\n")] {
        match field {
            Some(value) => escape(out, value.as_bytes()),
            None => out.push(b'-'),
        }
        out.extend_from_slice(end.as_bytes());
    }
}

fn push(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text)
        .expect("a vector takes all that is written to it");
}

fn push_target(out: &mut Vec<u8>, target: &Uri) {
    if target.authority().is_some() {
        escape(out, target.to_string().as_bytes());
    } else {
        let target = target
            .path_and_query()
            .map_or("*", |target| target.as_str());
        escape(out, target.as_bytes());
    }
}

/// Writes bytes of a client so that they cannot end a field or a line, or reach a terminal.
fn escape(out: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b' '..=b'~' => out.push(byte),
            _ => push(out, format_args!("\\x{byte:02x}")),
        }
    }
}

#[derive(Serialize)]
struct JsonLine<'a> {
    time: String,
    remote: &'a str,
    method: &'a str,
    target: String,
    protocol: String,
    status: u16,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    referer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    duration_ms: f64,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

fn write_json(out: &mut Vec<u8>, line: &Line<'_>, now: OffsetDateTime) {
    let lossy = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let json = JsonLine {
        time: now
            .format(&time::format_description::well_known::Rfc3339)
            .unwrap_or_default(),
        remote: line.remote,
        method: line.method.as_str(),
        target: line.target.to_string(),
        protocol: format!("{:?}", line.version),
        status: line.status,
        bytes: line.bytes,
        referer: line.referer.map(lossy),
        user_agent: line.user_agent.map(lossy),
        duration_ms: (line.duration.as_secs_f64() * 1e6).round() / 1e3,
        request_id: line.request_id,
        app: line.app,
        error: line.error,
    };
    serde_json::to_writer(&mut *out, &json).expect("strings and numbers are always JSON");
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(agent: &HeaderValue) -> Line<'_> {
        static TARGET: std::sync::LazyLock<Uri> =
            std::sync::LazyLock::new(|| Uri::from_static("/a?b=%22"));
        let target = &*TARGET;
        Line {
            remote: "192.0.2.1",
            method: &Method::GET,
            target,
            version: Version::HTTP_11,
            status: 200,
            bytes: 6,
            referer: None,
            user_agent: Some(agent),
            duration: Duration::from_micros(1500),
            request_id: "id",
            app: Some("shop"),
            error: None,
        }
    }

    fn logged(form: AccessLog, agent: &[u8]) -> String {
        #[derive(Clone, Default)]
        struct Out(Arc<Mutex<Vec<u8>>>);
        impl Write for Out {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.lock().unwrap().extend_from_slice(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let out = Out::default();
        let log = Log::start(form, out.clone()).unwrap();
        log.add(&line(&HeaderValue::from_bytes(agent).unwrap()));
        drop(log);
        let bytes = out.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn combined_lines_have_apaches_form_and_are_escaped() {
        let line = logged(AccessLog::Combined, b"a \"b\" \\ \xff");
        let (start, rest) = line.split_once('[').unwrap();
        let (date, rest) = rest.split_once(']').unwrap();
        assert_eq!(start, "192.0.2.1 - - ");
        assert_eq!(date.len(), "23/Nov/2026:00:00:00 +0000".len());
        assert!(date.ends_with(" +0000"), "{date}");
        let request = r#" "GET /a?b=%22 HTTP/1.1" 200 6 "-" "a \"b\" \\ \xff""#;
        assert_eq!(rest, format!("{request}\n"));
    }

    #[test]
    fn json_lines_parse() {
        let line = logged(AccessLog::Json, b"agent \"x\"");
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(json["target"], "/a?b=%22");
        assert_eq!(json["user_agent"], "agent \"x\"");
        assert_eq!(json["duration_ms"], 1.5);
        assert_eq!(json["app"], "shop");
        assert!(json.get("error").is_none());
    }

    #[test]
    fn lines_over_the_limit_are_dropped_and_counted() {
        let log = Log::start(AccessLog::Off, io::sink()).unwrap();
        let log = Log {
            form: AccessLog::Combined,
            shared: Arc::clone(&log.shared),
        };
        // Nobody writes these out: the reader is as slow as can be.
        log.shared.lock().lines = vec![b'x'; LOG_BYTES_MAX];
        log.add(&line(&HeaderValue::from_static("agent")));
        let waiting = std::mem::take(&mut *log.shared.lock());
        assert_eq!((waiting.lines.len(), waiting.dropped), (LOG_BYTES_MAX, 1));
        log.shared.lock().ended = true;
    }

    #[test]
    fn nothing_is_written_when_it_is_off() {
        assert_eq!(logged(AccessLog::Off, b"agent"), "");
    }
}
