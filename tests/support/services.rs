//! The programs of other servers that tests need: where they are, and their end with the suite.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::geteuid;

use super::root;

/// The programs of a server.
pub(crate) struct Programs {
    folder: PathBuf,
    /// What was unpacked with them. None: they are the system's.
    root: Option<PathBuf>,
}

impl Programs {
    /// PostgreSQL's: the system's newest, or those that were unpacked. A server does not run as
    /// root, which may be the only one who can read this repository: then they are copied to `own`.
    pub(crate) fn postgres(own: &Path) -> Self {
        let system = below(Path::new("/")).or_else(|| in_path("initdb"));
        if let Some(folder) = system {
            return Self { folder, root: None };
        }
        let mut root = unpacked();
        if geteuid().is_root() && root.is_dir() {
            let copy = own.join("services");
            let mut cp = Command::new("cp");
            let copied = cp.arg("-a").args([&root, &copy]).status().unwrap();
            assert!(copied.success(), "{cp:?}: {copied}");
            root = copy;
        }
        let folder = below(&root).unwrap_or_else(|| lacking("PostgreSQL", "postgresql"));
        let root = Some(root);
        Self { folder, root }
    }

    /// Redis's: the system's, or those that were unpacked.
    pub(crate) fn redis() -> Self {
        const NAME: &str = "redis-server";
        if let Some(folder) = in_path(NAME) {
            return Self { folder, root: None };
        }
        let folder = unpacked().join("usr/bin");
        if !folder.join(NAME).is_file() {
            lacking("Redis", NAME);
        }
        let root = Some(unpacked());
        Self { folder, root }
    }

    /// A command for one of them, with the libraries that were unpacked with it.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.folder.join(name));
        if let Some(root) = &self.root {
            let folders = ["usr/lib", "lib"].map(|name| fs::read_dir(root.join(name)));
            let folders = folders.into_iter().flatten().flatten().flatten();
            // `x86_64-linux-gnu`, on this kind of machine.
            let folders = folders.map(|entry| entry.path());
            let folders = folders.filter(|path| path.to_string_lossy().contains("-linux-"));
            command.env("LD_LIBRARY_PATH", std::env::join_paths(folders).unwrap());
        }
        command
    }
}

/// Where `cargo xtask test` unpacks what the system does not have.
fn unpacked() -> PathBuf {
    root().join("target/services")
}

/// Where Debian's package of PostgreSQL has its programs, the newest of several.
fn below(root: &Path) -> Option<PathBuf> {
    let versions = fs::read_dir(root.join("usr/lib/postgresql")).ok()?;
    let folders = versions.flatten().map(|version| version.path().join("bin"));
    folders.filter(|bin| bin.join("initdb").is_file()).max()
}

/// The folder of `PATH` that has this program.
fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|folder| folder.join(program).is_file())
}

fn lacking(name: &str, package: &str) -> ! {
    panic!(
        "expected {name}, which is neither installed nor below {}: run `cargo xtask setup`, which \
         gets it from Debian's packages, or `apt-get install {package}`",
        unpacked().display()
    )
}

/// What ends a process with this one, however this one ends, and removes its folder.
pub(crate) fn guard(process: &Child, folder: &Path) -> Child {
    let end = "read line; kill -INT \"$0\"; \
               while kill -0 \"$0\" 2>&-; do sleep 0.1; done; rm -rf \"$1\"";
    // Its standard input is open for as long as this process lives; then `read` sees the end.
    Command::new("sh")
        .args(["-c", end, &process.id().to_string()])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
