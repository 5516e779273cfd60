//! The host under test: the real binary, started, watched and stopped.

#![expect(
    clippy::print_stderr,
    reason = "a failed test shows what its host wrote"
)]

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::client::{Connection, Response, get};
use super::guests;
use super::output::{Output, PATIENCE};
use super::proc;

/// The two ways in which the host runs instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isolation {
    Fresh,
    Reuse,
}

/// The host of this isolation that the whole suite shares, with the ordinary guests at `/NAME`.
pub(crate) fn shared(isolation: Isolation) -> &'static Host {
    static FRESH: LazyLock<Host> = LazyLock::new(|| all_guests(Isolation::Fresh));
    static REUSE: LazyLock<Host> = LazyLock::new(|| all_guests(Isolation::Reuse));
    match isolation {
        Isolation::Fresh => &FRESH,
        Isolation::Reuse => &REUSE,
    }
}

fn all_guests(isolation: Isolation) -> Host {
    let setup = guests::SHARED
        .iter()
        .fold(Setup::new(isolation), |setup, name| setup.app(name, ""));
    setup.start().ended_with_the_suite()
}

/// The manifest and the arguments of a host that is to be started.
pub(crate) struct Setup {
    isolation: Isolation,
    server: String,
    apps: String,
    args: Vec<String>,
    folder: TempDir,
}

impl Setup {
    pub(crate) fn new(isolation: Isolation) -> Self {
        let folder = TempDir::new().unwrap();
        Self {
            isolation,
            server: String::new(),
            apps: String::new(),
            args: Vec::new(),
            folder,
        }
    }

    /// Add to the manifest's `[server]` table, and to the tables in it.
    pub(crate) fn server(mut self, toml: &str) -> Self {
        writeln!(self.server, "{toml}").unwrap();
        self
    }

    /// Mount a guest at its name, with more of its `[[app]]` table.
    pub(crate) fn app(self, guest: &str, toml: &str) -> Self {
        self.mount(&format!("/{guest}"), guest, toml)
    }

    /// Mount a guest, with more of its `[[app]]` table.
    pub(crate) fn mount(mut self, path: &str, guest: &str, toml: &str) -> Self {
        let name = match path.trim_start_matches('/') {
            "" => "root".to_owned(),
            path => path.replace('/', "-"),
        };
        let isolation = match self.isolation {
            Isolation::Fresh => "request",
            Isolation::Reuse => "reuse",
        };
        let component = guests::path(guest);
        writeln!(
            self.apps,
            "[[app]]\nname = '{name}'\ncomponent = '{}'\npath = '{path}'\n\
             isolation = '{isolation}'\n{toml}\n",
            component.display(),
        )
        .unwrap();
        self
    }

    /// Add an argument.
    pub(crate) fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// The folder of the manifest, for the files that it names.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Start the host, and wait until it listens.
    pub(crate) fn start(self) -> Host {
        let manifest = self.folder.path().join("wasgi.toml");
        fs::write(
            &manifest,
            format!("[server]\n{}\n{}", self.server, self.apps),
        )
        .unwrap();
        let manifest = manifest.to_str().unwrap();
        let state = self.folder.path().join("state");
        let mut args = vec!["--config", manifest, "--state", state.to_str().unwrap()];
        args.extend(self.args.iter().map(String::as_str));
        let mut host = Host::serve(&args);
        host.folder = Some(self.folder);
        host
    }
}

/// A running host. It is killed when this is dropped.
pub(crate) struct Host {
    process: Process,
    address: SocketAddr,
    /// Kept for as long as the host may read from it.
    folder: Option<TempDir>,
    /// Ends a host that is held by a static.
    guard: Option<Child>,
}

impl Host {
    /// Run `wasgi serve` on a free port with these arguments, and wait until it listens.
    pub(crate) fn serve(args: &[&str]) -> Self {
        let cache = cache();
        let mut all = vec!["serve", "--addr", "127.0.0.1:0"];
        if !args.contains(&"--cache") && !args.contains(&"--no-cache") {
            all.extend(["--cache", cache.to_str().unwrap()]);
        }
        all.extend(args);
        Self::serve_as_told(&all)
    }

    /// Run the binary with nothing but these arguments, and wait until it listens.
    pub(crate) fn serve_as_told(args: &[&str]) -> Self {
        Self::serve_by(Command::new(BINARY).args(args))
    }

    /// Run the binary by this command, and wait until it listens.
    pub(crate) fn serve_by(command: &mut Command) -> Self {
        let process = Process::start(command);
        let first = process.stderr.first_line().unwrap_or_default();
        let address = first
            .strip_prefix("listening on http://")
            .unwrap_or_else(|| {
                panic!(
                    "the first line is not the address:\n{}",
                    process.stderr.text()
                )
            });
        let address = address.parse().unwrap();
        Self {
            process,
            address,
            folder: None,
            guard: None,
        }
    }

    /// End this host with the suite's own process, however that ends: a static is never dropped.
    pub(crate) fn ended_with_the_suite(mut self) -> Self {
        let pid = self.process.child.id().to_string();
        let guard = Command::new("sh")
            .args(["-c", "read line; kill \"$0\"", &pid])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        // Its standard input is open for as long as this process lives; then `read` sees the end.
        self.guard = Some(guard.unwrap());
        self
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn stdout(&self) -> &Output {
        &self.process.stdout
    }

    pub(crate) fn stderr(&self) -> &Output {
        &self.process.stderr
    }

    /// The most bytes of memory that the host has had.
    pub(crate) fn peak_memory(&self) -> u64 {
        proc::peak_memory(self.pid())
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    /// Send a request on a connection of its own, and return the response to it.
    pub(crate) fn send(&self, request: impl AsRef<[u8]>) -> Response {
        let mut connection = self.connect();
        connection.send(request);
        connection.response()
    }

    pub(crate) fn get(&self, target: &str) -> Response {
        self.send(get(target))
    }

    /// Send a request to an app without a queue that runs one at a time, and wait until the guest
    /// works for it: the other request, for the same app, then finds no room.
    pub(crate) fn occupy(&self, request: impl AsRef<[u8]>, other: &str) -> Connection {
        let deadline = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < deadline, "the guest does not start");
            let mut connection = self.connect();
            connection.send(&request);
            // It is answered at once only if the other request of the last round ran just then.
            let is_taken = connection.is_silent_for(Duration::from_millis(50));
            if is_taken && self.get(other).status == 503 {
                return connection;
            }
        }
    }

    /// Ask an app without a queue until it has room.
    pub(crate) fn get_when_free(&self, target: &str) -> Response {
        let deadline = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < deadline, "the guest before does not end");
            let response = self.get(target);
            if response.status != 503 {
                return response;
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.process.child)
    }

    /// Wait for the end of the process that was started, though not for those that it started.
    pub(crate) fn code(&mut self) -> Option<i32> {
        self.process.child.wait().unwrap().code()
    }

    /// Tell the host to stop, and expect that it does so properly. Returns its standard output.
    pub(crate) fn stop(self) -> String {
        self.signal(Signal::TERM);
        self.finish()
    }

    /// Expect that the host, told to stop before, ends properly. Returns its standard output.
    pub(crate) fn finish(mut self) -> String {
        let end = self.process.wait();
        assert_eq!(end.code, Some(0), "the host did not end properly");
        end.stdout
    }

    /// End this host as a crash would.
    pub(crate) fn kill(self) {
        drop(self);
    }

    /// The mappings in the host's address space.
    pub(crate) fn mappings(&self) -> usize {
        proc::mappings(self.pid())
    }

    /// What the host has open.
    pub(crate) fn descriptors(&self) -> Vec<String> {
        proc::descriptors(self.pid())
    }

    /// Show what this host wrote if the test that holds the result fails.
    pub(crate) fn show_on_failure(&self) -> impl Drop + use<'_> {
        Shown(&self.process)
    }
}

/// The compiled guests, shared by all hosts of all runs.
pub(crate) fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// Run the binary to its end.
pub(crate) fn run(args: &[&str]) -> End {
    run_by(Command::new(BINARY).args(args))
}

/// Run the binary by this command to its end.
pub(crate) fn run_by(command: &mut Command) -> End {
    Process::start(command).wait()
}

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_wasgi");

/// How a run of the binary ended.
#[derive(Debug)]
pub(crate) struct End {
    /// None: it ended by a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The variable that names the folder below which hosts keep what they keep.
pub(crate) const STATE_HOME: &str = "XDG_STATE_HOME";

struct Process {
    child: Child,
    stdout: Output,
    stderr: Output,
}

impl Process {
    fn start(command: &mut Command) -> Self {
        // What is kept by hosts that are not told where to is not the developer's.
        if command.get_envs().all(|(name, _)| name != STATE_HOME) {
            command.env(STATE_HOME, concat!(env!("CARGO_TARGET_TMPDIR"), "/state"));
        }
        let mut child = command
            .env("WASGI_TEST_SECRET", "leaked from the host")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = Output::collect(child.stdout.take().unwrap());
        let stderr = Output::collect(child.stderr.take().unwrap());
        Self {
            child,
            stdout,
            stderr,
        }
    }

    fn wait(&mut self) -> End {
        let has_ended = self.stderr.wait_for_end() && self.stdout.wait_for_end();
        assert!(has_ended, "the process does not end");
        let code = self.child.wait().unwrap().code();
        End {
            code,
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        show_if_panicking(self);
        // It may have ended before; then there is nothing to kill.
        drop(self.child.kill());
        self.child.wait().unwrap();
    }
}

struct Shown<'a>(&'a Process);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        show_if_panicking(self.0);
    }
}

fn show_if_panicking(process: &Process) {
    const LINES_MAX: usize = 60;
    if thread::panicking() {
        for (name, output) in [("stdout", &process.stdout), ("stderr", &process.stderr)] {
            let text = output.text();
            let lines: Vec<_> = text.lines().collect();
            let last = &lines[lines.len().saturating_sub(LINES_MAX)..];
            eprintln!("--- the host's {name}, last lines ---\n{}", last.join("\n"));
        }
    }
}
