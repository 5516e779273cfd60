//! The change of the host for its successor, without a moment in which nobody serves.
//!
//! A host that is asked to upgrade starts its program again, hands over its listening sockets, and
//! goes on until the successor says that it serves. Only then it ends, its requests after it. If
//! the successor fails, the host goes on as if nothing had been asked.
//!
//! Owns both sides of that exchange. It neither accepts nor drains: see `serve`.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, PipeReader, PipeWriter, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe::Receiver;
use tokio::process::Child;
use tokio::signal::unix::Signal;
use tokio::sync::{mpsc, oneshot};
use wasgi_server::Apps;

use crate::failure::reason;
use crate::inherited::{self, Inherited, Named, READY};
use crate::systemd::Service;

/// Asks for upgrades of this host.
#[derive(Clone, Debug)]
pub(crate) struct Upgrader(mpsc::Sender<Reply>);

type Reply = oneshot::Sender<Result<u32, UpgradeError>>;

/// Why there was no upgrade. The host goes on.
#[derive(Debug)]
pub(crate) enum UpgradeError {
    /// Another one is under way.
    UnderWay,
    /// The host ends.
    Stopping,
    /// The host is the first process, whose end is that of all others.
    First,
    /// The program cannot be started.
    Start(PathBuf, io::Error),
    /// The successor ended before it served.
    Ended(ExitStatus),
    /// The successor took too long, and was killed.
    Late(Duration),
}

impl Upgrader {
    /// Upgrades the host, and returns the number of the process that serves from now on.
    pub(crate) async fn upgrade(&self) -> Result<u32, UpgradeError> {
        let (reply, outcome) = oneshot::channel();
        match self.0.try_send(reply) {
            Ok(()) => outcome.await.unwrap_or(Err(UpgradeError::Stopping)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(UpgradeError::UnderWay),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(UpgradeError::Stopping),
        }
    }

    /// Upgrades the host at each of these signals.
    pub(crate) async fn upgrade_at(&self, mut signal: Signal) -> Infallible {
        loop {
            if signal.recv().await.is_none() {
                return std::future::pending().await;
            }
            let upgrader = self.clone();
            tokio::spawn(async move {
                if let Err(error) = upgrader.upgrade().await {
                    tracing::error!("cannot upgrade, this process goes on: {error}");
                }
            });
        }
    }
}

/// Carries out upgrades.
pub(crate) struct Handover {
    program: Program,
    service: Service,
    /// What a successor gets.
    descriptors: Vec<Named<&'static str>>,
    /// Time that a successor has until it serves.
    wait: Duration,
    requests: mpsc::Receiver<Reply>,
    /// Write nothing to the state folder while a successor reads it.
    apps: Arc<Apps>,
}

impl Handover {
    /// What carries out the upgrades that the other one asks for.
    pub(crate) fn new(
        program: Program,
        service: Service,
        descriptors: Vec<Named<&'static str>>,
        wait: Duration,
        apps: Arc<Apps>,
    ) -> (Upgrader, Self) {
        let (sender, requests) = mpsc::channel(REQUESTS);
        let handover = Self {
            program,
            service,
            descriptors,
            wait,
            requests,
            apps,
        };
        (Upgrader(sender), handover)
    }

    /// Ends when a successor serves. Dropping it kills one that does not serve yet.
    pub(crate) async fn completed(mut self) {
        while let Some(reply) = self.requests.recv().await {
            let outcome = {
                let Self {
                    program,
                    service,
                    descriptors,
                    wait,
                    requests,
                    apps,
                } = &mut self;
                let attempt = async {
                    apps.suspend().await;
                    attempt(program, service, descriptors, *wait).await
                };
                tokio::select! {
                    outcome = attempt => outcome,
                    never = refuse(requests) => match never {},
                }
            };
            let is_complete = outcome.is_ok();
            // Whoever asked may be gone; what happened is in the log.
            drop(reply.send(outcome));
            if is_complete {
                return;
            }
            self.apps.resume();
        }
        std::future::pending::<()>().await;
    }
}

/// Requests that may wait until they are seen. One is answered at once.
const REQUESTS: usize = 1;

async fn refuse(requests: &mut mpsc::Receiver<Reply>) -> Infallible {
    while let Some(reply) = requests.recv().await {
        drop(reply.send(Err(UpgradeError::UnderWay)));
    }
    std::future::pending().await
}

async fn attempt(
    program: &Program,
    service: &Service,
    descriptors: &[Named<&'static str>],
    wait: Duration,
) -> Result<u32, UpgradeError> {
    if std::process::id() == 1 {
        return Err(UpgradeError::First);
    }
    tracing::info!("upgrading: starting {}", program.path.display());
    service.reloading();
    let outcome = succeed(program, service, descriptors, wait).await;
    let main = outcome.as_ref().copied();
    service.ready(main.unwrap_or_else(|_| std::process::id()));
    if let Ok(pid) = outcome {
        tracing::info!(pid, "upgraded: another process serves");
    }
    outcome
}

/// Starts a successor, and waits until it serves.
async fn succeed(
    program: &Program,
    service: &Service,
    descriptors: &[Named<&'static str>],
    wait: Duration,
) -> Result<u32, UpgradeError> {
    let cannot_start = |error| UpgradeError::Start(program.path.clone(), error);
    let (ready, child) = program
        .start(service, descriptors)
        .await
        .map_err(cannot_start)?;
    let mut successor = Successor(Some(child));
    let mut ready = Receiver::from_owned_fd(ready.into()).map_err(cannot_start)?;
    let says_ready = async {
        let mut said = [0; SERVING.len()];
        match ready.read_exact(&mut said).await {
            Ok(_) if said == SERVING => {}
            // It ends, or it never will be ready.
            _ => std::future::pending().await,
        }
    };
    let child = successor.0.as_mut().expect("it was put there just now");
    let pid = child.id().expect("nobody has waited for it");
    tokio::select! {
        biased;
        () = says_ready => {}
        status = child.wait() => return Err(UpgradeError::Ended(status.map_err(cannot_start)?)),
        // Limit: Config::upgrade_wait
        () = tokio::time::sleep(wait) => return Err(UpgradeError::Late(wait)),
    }
    drop(successor.0.take());
    Ok(pid)
}

/// What a successor writes once it serves.
const SERVING: [u8; 6] = *b"ready\n";

/// A process that is to serve. It is killed when this is dropped with it.
struct Successor(Option<Child>);

impl Drop for Successor {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // It may have ended by itself.
            child.start_kill().unwrap_or_default();
        }
    }
}

/// The host that started this one, if one did, which waits for it.
#[derive(Debug)]
pub(crate) struct Predecessor(Option<PipeWriter>);

impl Predecessor {
    /// The one that handed over.
    pub(crate) fn new(inherited: &mut Inherited) -> Self {
        let pipe = inherited.descriptors(READY).into_iter().next();
        Self(pipe.map(PipeWriter::from))
    }

    /// Tells it that this process serves. Says whether there was one.
    pub(crate) fn release(self) -> bool {
        let Some(mut pipe) = self.0 else {
            return false;
        };
        if let Err(error) = pipe.write_all(&SERVING) {
            tracing::warn!("the process that handed over is gone: {error}");
        }
        true
    }
}

/// The program of this process and its arguments, as it was called.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
    args: Vec<OsString>,
}

impl Program {
    /// Those of this process. The path names the file that is there when it is started again, which
    /// may be another one by then.
    pub(crate) fn of_this_process() -> io::Result<Self> {
        let file = without_mark(std::env::current_exe()?);
        let mut args = std::env::args_os();
        let called = args.next().map(PathBuf::from).unwrap_or_default();
        Ok(Self {
            path: as_called(&called, file)?,
            args: args.collect(),
        })
    }

    /// Starts it. While somebody still writes to the file, that is waited for.
    async fn start(
        &self,
        service: &Service,
        descriptors: &[Named<&'static str>],
    ) -> io::Result<(PipeReader, Child)> {
        // Limit: BUSY_TRIES
        for _ in 1..BUSY_TRIES {
            match self.try_start(service, descriptors) {
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                    tokio::time::sleep(BUSY_PAUSE).await;
                }
                started => return started,
            }
        }
        self.try_start(service, descriptors)
    }

    fn try_start(
        &self,
        service: &Service,
        descriptors: &[Named<&'static str>],
    ) -> io::Result<(PipeReader, Child)> {
        let (reader, writer) = io::pipe()?;
        let mut given = vec![(READY, OwnedFd::from(writer))];
        for (name, descriptor) in descriptors {
            given.push((name, descriptor.try_clone()?));
        }
        let mut command = Command::new(&self.path);
        command.args(&self.args);
        service.pass_on(&mut command);
        inherited::hand_over(&mut command, given);
        let child = tokio::process::Command::from(command).spawn()?;
        Ok((reader, child))
    }
}

/// How often a file is tried to which somebody still writes, and the time between two tries.
const BUSY_TRIES: u32 = 50;
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// Takes off what the kernel adds to the name of a program whose file was replaced as it started.
fn without_mark(file: PathBuf) -> PathBuf {
    let name = file
        .to_str()
        .and_then(|name| name.strip_suffix(" (deleted)"));
    match name {
        Some(name) if !file.exists() => PathBuf::from(name),
        _ => file,
    }
}

/// The path by which a file was called if it can be told, so that a link is followed anew; else that
/// of the file itself.
fn as_called(called: &Path, file: PathBuf) -> io::Result<PathBuf> {
    let has_folder = called.components().count() > 1;
    if has_folder && std::fs::canonicalize(called).is_ok_and(|target| target == file) {
        return std::path::absolute(called);
    }
    Ok(file)
}

impl fmt::Display for UpgradeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnderWay => f.write_str("an upgrade is under way already"),
            Self::Stopping => f.write_str("the host is stopping"),
            Self::First => f.write_str(
                "it is the first process of its container, whose end would end its successor; \
                 start it below an init process",
            ),
            Self::Start(path, error) => {
                write!(f, "cannot start {}: {}", path.display(), reason(error))
            }
            Self::Ended(status) => {
                write!(f, "the new process ended before it served: {status}")
            }
            Self::Late(wait) => {
                write!(
                    f,
                    "the new process did not serve within {wait:?} and was killed; "
                )?;
                f.write_str("`upgrade-wait` in [server] gives it more time")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_called_again_by_its_own_name() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let (file, link) = (folder.join("wasgi-1"), folder.join("wasgi"));
        std::fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(as_called(&link, file.clone()).unwrap(), link);
        for other in ["wasgi", "", "/nowhere/wasgi"] {
            let path = as_called(Path::new(other), file.clone()).unwrap();
            assert_eq!(path, file, "{other}");
        }
    }
}
