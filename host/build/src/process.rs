//! The programs that a build runs.
//!
//! Owns their bounds: how long one may take, and how much of what it writes is kept.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::BuildError;
use crate::progress::Progress;

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code, or the signal that ended it.
    pub(crate) status: ExitStatus,
    /// The end of what it wrote to both of its outputs.
    pub(crate) output: String,
}

/// Runs a program to its end, telling what it writes. `what` is what it does, for an error.
pub(crate) fn run(
    mut command: Command,
    what: &str,
    progress: &mut dyn Progress,
) -> Result<Ended, BuildError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| {
            BuildError::new(format!("cannot {what}: cannot run {program}: {error}"))
        })?;
    let (sender, lines) = mpsc::sync_channel(LINES_WAITING_MAX);
    let outputs: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|pipe| Box::new(pipe) as _),
        child.stderr.take().map(|pipe| Box::new(pipe) as _),
    ];
    for output in outputs.into_iter().flatten() {
        let sender = sender.clone();
        thread::spawn(move || read_lines(output, &sender));
    }
    // The channel ends with the readers.
    drop(sender);

    let end = Instant::now() + TIME_MAX;
    let mut tail = Tail::default();
    loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                progress.output(&line);
                tail.push(line);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            // Limit: TIME_MAX
            Err(RecvTimeoutError::Timeout) => {
                stop(&mut child);
                let seconds = TIME_MAX.as_secs();
                let message = format!("cannot {what}: it did not end within {seconds} s");
                return Err(BuildError::new(message).output(tail.text()));
            }
        }
    }
    let status = child
        .wait()
        .map_err(|error| BuildError::new(format!("cannot {what}: {error}")))?;
    let output = tail.text();
    Ok(Ended { status, output })
}

/// The time that a program may take. A large set of requirements on a slow line has room in it.
const TIME_MAX: Duration = Duration::from_secs(30 * 60);

/// Lines that wait to be told. A program that writes more waits.
const LINES_WAITING_MAX: usize = 64;

fn stop(child: &mut Child) {
    // It may have ended by itself.
    child.kill().unwrap_or_default();
    drop(child.wait());
}

fn read_lines(output: impl Read, lines: &SyncSender<String>) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        // Limit: LINE_BYTES_MAX
        let read = output
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut line);
        match read {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                if lines.send(text.trim_end().to_owned()).is_err() {
                    return;
                }
            }
        }
    }
}

/// The longest line; a longer one is told in parts.
const LINE_BYTES_MAX: u64 = 8 * 1024;

/// The last lines that a program wrote.
#[derive(Default)]
struct Tail(VecDeque<String>);

impl Tail {
    fn push(&mut self, line: String) {
        // Limit: LINES_MAX
        if self.0.len() == LINES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(line);
    }

    fn text(self) -> String {
        Vec::from(self.0).join("\n")
    }
}

/// Lines that are kept of what a program wrote. A traceback has room in them.
const LINES_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_and_status_are_told() {
        let ended = run(
            shell("echo out; exec 1>&-; echo err >&2; exit 3"),
            "try",
            &mut (),
        )
        .unwrap();
        assert_eq!(ended.status.code(), Some(3));
        let mut lines: Vec<_> = ended.output.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["err", "out"]);
    }

    #[test]
    fn the_end_of_a_long_output_is_kept() {
        let ended = run(shell("seq 100000"), "count", &mut ()).unwrap();
        assert_eq!(ended.output.lines().count(), LINES_MAX);
        assert_eq!(ended.output.lines().last(), Some("100000"));
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let error = run(Command::new("no-such-program"), "try", &mut ()).unwrap_err();
        assert!(
            error
                .message()
                .starts_with("cannot try: cannot run no-such-program"),
            "{error}"
        );
    }
}
