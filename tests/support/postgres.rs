//! PostgreSQL for the tests: a server in a folder of its own, with TLS and a password.
//!
//! It never uses a server that is there, and leaves none behind.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use super::output::Output;
use super::services::{self, Programs};

/// The role that apps have. It is nobody special.
pub(crate) const ROLE: &str = "app";

/// Its password.
pub(crate) const PASSWORD: &str = "correct horse";

/// The user that a server runs as if this process is root's, which PostgreSQL refuses: `nobody`.
const USER: u32 = 65534;

/// Times that a free port is looked for: it may be taken between finding and using it.
const TRIES: usize = 5;

/// A server. It is ended when this is dropped.
pub(crate) struct Postgres {
    /// Its data, its socket, its certificate.
    folder: TempDir,
    programs: Programs,
    port: u16,
    server: Option<Server>,
}

struct Server {
    child: Child,
    /// Ends it with this process, however that ends.
    guard: Child,
}

/// The server that the whole suite shares.
pub(crate) fn shared() -> &'static Postgres {
    static SHARED: LazyLock<Postgres> = LazyLock::new(Postgres::start);
    &SHARED
}

impl Postgres {
    /// A server of a test's own, which it may stop.
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let programs = Programs::postgres(folder.path());
        if geteuid().is_root() {
            chown(folder.path(), Some(USER), Some(USER)).unwrap();
        }
        let mut postgres = Self {
            folder,
            programs,
            port: 0,
            server: None,
        };
        postgres.create();
        postgres.resume();
        postgres.ask(
            "postgres",
            &format!("CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'"),
        );
        postgres
    }

    /// The address of a new and empty database, which belongs to the role.
    pub(crate) fn database(&self) -> String {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.ask("postgres", &format!("CREATE DATABASE {name} OWNER {ROLE}"));
        format!("postgres://{ROLE}@127.0.0.1:{}/{name}", self.port)
    }

    /// Its certificate, which it has signed itself, for `localhost`.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("server.crt")
    }

    /// What a statement of the superuser gives, a line for each row.
    pub(crate) fn ask(&self, database: &str, sql: &str) -> String {
        let mut psql = self.command("psql");
        psql.arg("-h").arg(self.folder.path());
        psql.args(["-p", &self.port.to_string(), "-U", "postgres", "-qAtX"]);
        run(psql.args(["-d", database, "-c", sql]))
    }

    /// End it at once, and every connection with it.
    pub(crate) fn stop(&mut self) {
        drop(self.server.take());
    }

    /// Start it again, at the same address if it had one.
    pub(crate) fn resume(&mut self) {
        for _ in 0..TRIES {
            if self.port == 0 {
                let free = TcpListener::bind("127.0.0.1:0").unwrap();
                self.port = free.local_addr().unwrap().port();
            }
            let mut server = Server::start(&mut self.server_command(), self.folder.path());
            let said = Output::collect(server.child.stderr.take().unwrap());
            if said.has(&["database system is ready to accept connections"]) {
                self.server = Some(server);
                return;
            }
            assert!(
                said.text().contains("Address already in use"),
                "{}",
                said.text()
            );
            self.port = 0;
        }
        panic!("no port is free for PostgreSQL");
    }

    fn create(&self) {
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(self.certificate(), key.cert.pem()).unwrap();
        let private = self.folder.path().join("server.key");
        fs::write(&private, key.signing_key.serialize_pem()).unwrap();
        fs::set_permissions(
            &private,
            std::os::unix::fs::PermissionsExt::from_mode(0o600),
        )
        .unwrap();
        if geteuid().is_root() {
            chown(private, Some(USER), Some(USER)).unwrap();
        }
        let mut initdb = self.command("initdb");
        initdb.arg("-D").arg(self.data());
        initdb.args(["-U", "postgres", "--auth-local=trust"]);
        initdb.args([
            "--auth-host=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]);
        run(initdb.args(["--no-sync", "--no-instructions"]));
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn server_command(&self) -> Command {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data());
        command.args(["-p", &self.port.to_string()]);
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={}", self.folder.path().display()),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", file("server.crt")),
            format!("ssl_key_file={}", file("server.key")),
            "max_connections=200".to_owned(),
            "fsync=off".to_owned(),
        ] {
            command.args(["-c", &setting]);
        }
        command
    }

    /// One of PostgreSQL's programs, as a user that it runs for.
    fn command(&self, program: &str) -> Command {
        let mut command = self.programs.command(program);
        command.current_dir(self.folder.path()).env("LC_ALL", "C");
        if geteuid().is_root() {
            command.uid(USER).gid(USER);
        }
        command
    }
}

impl Server {
    fn start(command: &mut Command, folder: &Path) -> Self {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let guard = services::guard(&child, folder);
        Self { child, guard }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // As a crash would, but with the children.
        let _ = kill_process(Pid::from_child(&self.child), Signal::QUIT);
        self.child.wait().unwrap();
        drop(self.guard.kill());
        self.guard.wait().unwrap();
    }
}

/// What a command prints, which must succeed.
fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}
