//! A host and its successors: upgraded, watched, and killed together at the end.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open, test_kill_process,
};
use tempfile::TempDir;

use super::guests;
use super::host::{BINARY, Host, cache};
use super::output::PATIENCE;
use super::proc;

/// A folder with a manifest, and the hosts that serve it one after the other.
pub(crate) struct Lineage {
    host: Host,
    /// The process that serves.
    pid: Pid,
    upgrades: usize,
    pub(crate) folder: TempDir,
}

impl Lineage {
    /// Serve guests by this manifest on a free port, by the binary under test.
    pub(crate) fn start(manifest: &str) -> Self {
        Self::start_in(
            TempDir::new().unwrap(),
            Command::new(BINARY),
            manifest,
            FREE,
        )
    }

    /// Serve by a copy of the binary, which can be replaced.
    pub(crate) fn start_copy(manifest: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let program = folder.path().join("wasgi");
        fs::copy(BINARY, &program).unwrap();
        Self::start_in(folder, Command::new(program), manifest, FREE)
    }

    /// Serve by this command, and name no address.
    pub(crate) fn start_by(command: Command, manifest: &str) -> Self {
        Self::start_in(TempDir::new().unwrap(), command, manifest, &[])
    }

    fn start_in(folder: TempDir, mut command: Command, manifest: &str, more: &[&str]) -> Self {
        write_manifest(folder.path(), manifest);
        command
            .args(["serve", "--config", "wasgi.toml", "--cache"])
            .arg(cache())
            .args(more)
            .current_dir(folder.path())
            .process_group(0);
        let host = Host::serve_by(&mut command);
        Self {
            pid: host.pid(),
            host,
            upgrades: 0,
            folder,
        }
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// The process that serves.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    pub(crate) fn write_manifest(&self, manifest: &str) {
        write_manifest(self.folder.path(), manifest);
    }

    /// Put another program in the place of the one that runs.
    pub(crate) fn replace_program(&self, with: impl FnOnce(&Path)) {
        let new = self.folder.path().join("new");
        with(&new);
        fs::rename(new, self.program()).unwrap();
    }

    fn program(&self) -> PathBuf {
        self.folder.path().join("wasgi")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// Upgrade, and wait until the successor alone accepts. The one before may still drain.
    pub(crate) fn upgrade(&mut self) -> Predecessor {
        let before = Predecessor(pidfd_open(self.pid, PidfdFlags::empty()).unwrap());
        self.signal(Signal::USR2);
        let said = ["upgraded: another process serves", "pid="];
        let line = self.host.stderr().wait_for_nth(self.upgrades, &said);
        let (_, pid) = line.rsplit_once("pid=").unwrap();
        self.pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
        let stopped = ["stopping: no new connections"];
        self.host.stderr().wait_for_nth(self.upgrades, &stopped);
        self.upgrades += 1;
        before
    }

    /// The exit code of the first process, which must have ended.
    pub(crate) fn first_code(&mut self) -> Option<i32> {
        self.host.code()
    }

    /// The open descriptors of the process that serves.
    pub(crate) fn descriptors(&self) -> Vec<String> {
        proc::descriptors(self.pid)
    }

    /// Stop the one that serves, and wait for the end of all.
    pub(crate) fn stop(&self) {
        self.signal(Signal::TERM);
        assert!(self.host.stderr().wait_for_end(), "a process does not end");
    }
}

const FREE: &[&str] = &["--addr", "127.0.0.1:0"];

impl Drop for Lineage {
    fn drop(&mut self) {
        // None of them may be left.
        let _ = kill_process_group(self.host.pid(), Signal::KILL);
    }
}

/// A process that was upgraded away.
pub(crate) struct Predecessor(OwnedFd);

impl Predecessor {
    /// Wait for its end.
    pub(crate) fn wait(&self) {
        let patience = Timespec::try_from(PATIENCE).unwrap();
        let mut ends = [PollFd::new(&self.0, PollFlags::IN)];
        assert_eq!(poll(&mut ends, Some(&patience)), Ok(1), "it does not end");
    }
}

/// Whether there is a process of this number.
pub(crate) fn is_alive(pid: i32) -> bool {
    test_kill_process(Pid::from_raw(pid).unwrap()).is_ok()
}

/// Write a manifest that mounts guests: `@NAME` stands for the file of one.
fn write_manifest(folder: &Path, manifest: &str) {
    let mut text = manifest.to_owned();
    for name in ["env", "hello", "ticks"] {
        let path = guests::path(name);
        text = text.replace(&format!("@{name}"), path.to_str().unwrap());
    }
    fs::write(folder.join("wasgi.toml"), text).unwrap();
}
