//! Running other programs: announced, checked, and bounded in time where they may hang.

use std::process::{Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// Runs a command in the developer's terminal. Fails if it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    ensure!(status.success(), "`{}` failed: {status}", line_of(command));
    Ok(())
}

/// Runs a command in the developer's terminal. How it ends is for the caller to judge.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    let line = announce(command);
    command
        .status()
        .with_context(|| format!("cannot run `{line}`"))
}

/// Runs a command in the developer's terminal and ends it if it takes longer than `limit`.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<()> {
    let line = announce(command);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run `{line}`"))?;
    let deadline = Instant::now() + limit;
    let status: ExitStatus = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            bail!("`{line}` did not end within {} seconds", limit.as_secs());
        }
        thread::sleep(Duration::from_millis(50));
    };
    ensure!(status.success(), "`{line}` failed: {status}");
    Ok(())
}

/// The standard output of a command that must succeed. Its standard error is in the failure.
pub(crate) fn text(command: &mut Command) -> Result<String> {
    let line = line_of(command);
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run `{line}`"))?;
    ensure!(
        status.success(),
        "`{line}` failed: {status}: {}",
        String::from_utf8_lossy(&stderr).trim()
    );
    Ok(String::from_utf8_lossy(&stdout).trim_end().to_owned())
}

fn announce(command: &Command) -> String {
    let line = line_of(command);
    eprintln!("$ {line}");
    line
}

/// The command as a developer would type it: the program without its folder.
fn line_of(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let mut line = name.to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}
