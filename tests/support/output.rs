//! What a process wrote: collected in the background, bounded, and waited for.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up: far longer than it takes, also on a machine
/// that is busy with something else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How long a host may take to compile dozens of guests or a project, with hosts beside it that do
/// the same.
const START_PATIENCE: Duration = Duration::from_secs(240);

const LINES_MAX: usize = 20_000;

/// One stream of a process, line by line.
#[derive(Clone)]
pub(crate) struct Output(Arc<(Mutex<Text>, Condvar)>);

#[derive(Default)]
struct Text {
    /// The last lines; older ones are let go.
    lines: VecDeque<String>,
    has_ended: bool,
}

impl Output {
    /// Collect what comes from `source`, on a thread that ends with it.
    pub(crate) fn collect(source: impl Read + Send + 'static) -> Self {
        let output = Self(Arc::default());
        let writer = output.clone();
        thread::spawn(move || {
            let mut source = BufReader::new(source);
            let mut line = Vec::new();
            while source
                .read_until(b'\n', &mut line)
                .is_ok_and(|length| length > 0)
            {
                writer.push(
                    String::from_utf8_lossy(&line)
                        .trim_end_matches('\n')
                        .to_owned(),
                );
                line.clear();
            }
            writer.0.0.lock().unwrap().has_ended = true;
            writer.0.1.notify_all();
        });
        output
    }

    fn push(&self, line: String) {
        let mut text = self.0.0.lock().unwrap();
        if text.lines.len() == LINES_MAX {
            text.lines.pop_front();
        }
        text.lines.push_back(line);
        self.0.1.notify_all();
    }

    /// Wait for a line that has all of these parts, and return it.
    pub(crate) fn wait_for(&self, parts: &[&str]) -> String {
        self.wait_for_nth(0, parts)
    }

    /// Wait for another line that has all of these parts, after so many of them, and after a build
    /// each.
    pub(crate) fn wait_for_build(&self, number: usize, parts: &[&str]) -> String {
        let is_it = |line: &&String| parts.iter().all(|part| line.contains(part));
        let found = self.wait_for_so_long(START_PATIENCE, |text| {
            text.lines.iter().filter(is_it).nth(number).cloned()
        });
        found.unwrap_or_else(|| panic!("no line has all of {parts:?} in:\n{}", self.text()))
    }

    /// Wait for another line that has all of these parts, after so many of them.
    pub(crate) fn wait_for_nth(&self, number: usize, parts: &[&str]) -> String {
        let found = self.wait(|text| {
            text.lines
                .iter()
                .filter(|line| parts.iter().all(|part| line.contains(part)))
                .nth(number)
                .cloned()
        });
        found.unwrap_or_else(|| panic!("no line has all of {parts:?} in:\n{}", self.text()))
    }

    /// Wait for a line that has all of these parts, and say whether it came before the end.
    pub(crate) fn has(&self, parts: &[&str]) -> bool {
        let is_it = |line: &String| parts.iter().all(|part| line.contains(part));
        self.wait(|text| text.lines.iter().any(is_it).then_some(()))
            .is_some()
    }

    /// Wait for the line of this number, from zero. None: the stream ends before it.
    pub(crate) fn line(&self, number: usize) -> Option<String> {
        self.wait(|text| text.lines.get(number).cloned())
    }

    /// Wait for the first line of a host, which may have many guests to compile before.
    pub(crate) fn first_line(&self) -> Option<String> {
        self.wait_for_so_long(START_PATIENCE, |text| text.lines.front().cloned())
    }

    /// Wait for the end, and say whether it came.
    pub(crate) fn wait_for_end(&self) -> bool {
        self.wait(|text| text.has_ended.then_some(())).is_some()
    }

    /// What has come so far.
    pub(crate) fn text(&self) -> String {
        let text = self.0.0.lock().unwrap();
        text.lines
            .iter()
            .flat_map(|line| [line.as_str(), "\n"])
            .collect()
    }

    fn wait<T>(&self, look: impl FnMut(&Text) -> Option<T>) -> Option<T> {
        self.wait_for_so_long(PATIENCE, look)
    }

    fn wait_for_so_long<T>(
        &self,
        time: Duration,
        mut look: impl FnMut(&Text) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + time;
        let mut text = self.0.0.lock().unwrap();
        loop {
            if let Some(found) = look(&text) {
                return Some(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if text.has_ended || left.is_zero() {
                return None;
            }
            text = self.0.1.wait_timeout(text, left).unwrap().0;
        }
    }
}
