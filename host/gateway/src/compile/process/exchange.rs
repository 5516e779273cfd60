//! An order goes to a process and its output comes back, by pipes that nobody waits at for longer
//! than the process has.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::Order;

/// How a process came to its end.
pub(super) enum End {
    Exit(ExitStatus),
    /// It has not ended in time.
    Wall,
    /// It wrote too much.
    Large,
}

/// What a process wrote.
pub(super) struct Output {
    pub(super) reply: Bounded,
    pub(super) complaint: Bounded,
}

/// Writes an order and its file, reads what comes, and waits for the end.
pub(super) fn exchange(
    child: &mut Child,
    order: &Order,
    mut file: &[u8],
    output: &mut Output,
    wall: Duration,
) -> io::Result<End> {
    let began = Instant::now();
    let ended = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
    let mut stdin = child.stdin.take();
    let mut stdout = child.stdout.take();
    let mut stderr = child.stderr.take();
    // A pipe that is empty takes it at once.
    write(&mut stdin, &mut &order.encode()[..])?;
    unblock(stdin.as_ref())?;
    unblock(stdout.as_ref())?;
    unblock(stderr.as_ref())?;
    loop {
        write(&mut stdin, &mut file)?;
        if file.is_empty() {
            stdin = None;
        }
        // Limit: ARTIFACT_BYTES_MAX
        if output.reply.read(&mut stdout)? == Fill::Over {
            return Ok(End::Large);
        }
        // Limit: COMPLAINT_BYTES_MAX. What is beyond is forgotten, or the process would wait.
        output.complaint.read(&mut stderr)?;
        let is_closed = stdout.is_none() && stderr.is_none();
        if is_closed && let Some(status) = child.try_wait()? {
            return Ok(End::Exit(status));
        }
        // Limit: CompileLimits::wall
        let left = wall.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Ok(End::Wall);
        }
        let mut pipes: Vec<_> = [
            stdin.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::OUT)),
            stdout.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)),
            stderr.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)),
            is_closed.then(|| PollFd::new(&ended, PollFlags::IN)),
        ]
        .into_iter()
        .flatten()
        .collect();
        wait(&mut pipes, left)?;
    }
}

fn unblock(pipe: Option<&impl AsFd>) -> io::Result<()> {
    pipe.map_or(Ok(()), |pipe| Ok(rustix::io::ioctl_fionbio(pipe, true)?))
}

/// Writes as much as a pipe takes now. It closes once nobody reads it.
fn write(pipe: &mut Option<ChildStdin>, bytes: &mut &[u8]) -> io::Result<()> {
    while let (Some(open), false) = (pipe.as_mut(), bytes.is_empty()) {
        match open.write(bytes) {
            Ok(length) => *bytes = &bytes[length..],
            Err(error) if error.kind() == ErrorKind::BrokenPipe => *pipe = None,
            Err(error) if is_passing(&error) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The first bytes of what comes from a pipe.
pub(super) struct Bounded {
    pub(super) bytes: Vec<u8>,
    most: usize,
}

/// Whether all that came has been kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fill {
    Within,
    Over,
}

impl Bounded {
    pub(super) fn new(most: usize) -> Self {
        Self {
            bytes: Vec::new(),
            most,
        }
    }

    /// Reads a piece of what is there. The pipe closes at its end.
    fn read(&mut self, pipe: &mut Option<impl Read>) -> io::Result<Fill> {
        let Some(open) = pipe else {
            return Ok(Fill::Within);
        };
        let mut piece = [0; 64 * 1024];
        match open.read(&mut piece) {
            Ok(0) => *pipe = None,
            Ok(length) => {
                let kept = length.min(self.most - self.bytes.len());
                self.bytes.extend_from_slice(&piece[..kept]);
                if kept < length {
                    return Ok(Fill::Over);
                }
            }
            Err(error) if is_passing(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(Fill::Within)
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn wait(pipes: &mut [PollFd<'_>], most: Duration) -> io::Result<()> {
    let most = Timespec::try_from(most.min(WAIT_MAX)).map_err(io::Error::other)?;
    match poll(pipes, Some(&most)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The longest wait at once. The kernel takes no longer ones than it can count.
const WAIT_MAX: Duration = Duration::from_secs(3600);
