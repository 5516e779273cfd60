//! The programs and gems of others that tests need: where they are, and the end of servers with the
//! suite.

use std::ffi::{OsStr, OsString};
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

    /// Ruby's: the system's, or those that were unpacked.
    pub(crate) fn ruby() -> Self {
        const NAME: &str = "ruby";
        if let Some(folder) = in_path(NAME) {
            return Self { folder, root: None };
        }
        let folder = unpacked().join("usr/bin");
        if !folder.join(NAME).exists() {
            lacking("Ruby", NAME);
        }
        let root = Some(unpacked());
        Self { folder, root }
    }

    /// Lets a command, and what it starts, find them, with the libraries that were unpacked with
    /// them.
    pub(crate) fn lend(&self, command: &mut Command) {
        let Some(root) = &self.root else { return };
        let is_path = |(name, _): &(&OsStr, Option<&OsStr>)| *name == "PATH";
        let own = command.get_envs().find(is_path).and_then(|(_, path)| path);
        let path = own
            .map(OsStr::to_owned)
            .or_else(|| std::env::var_os("PATH"));
        let path = path.unwrap_or_default();
        let folders = std::env::split_paths(&path).chain([self.folder.clone()]);
        command
            .env("PATH", std::env::join_paths(folders).unwrap())
            .env("LD_LIBRARY_PATH", libraries(root))
            .env("GEM_PATH", root.join(GEMS))
            .env("RUBYLIB", ruby_libraries(root));
    }

    /// A command for one of them, with the libraries that were unpacked with it.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.folder.join(name));
        if let Some(root) = &self.root {
            command.env("LD_LIBRARY_PATH", libraries(root));
        }
        command
    }
}

/// Copies what Sinatra consists of into a project, as `guests/ruby/README.md` says.
pub(crate) fn copy_sinatra(project: &Path) {
    let gems = [
        "sinatra",
        "mustermann",
        "rack",
        "rack-protection",
        "ruby2_keywords",
    ];
    for gem in gems {
        let found = [Path::new("/"), &unpacked()].into_iter().find_map(|root| {
            let entries = fs::read_dir(root.join(GEMS).join("gems")).ok()?;
            let mut entries = entries.flatten().map(|entry| entry.path());
            entries.find(|path| is_version_of(path, gem))
        });
        copy(found.as_deref(), gem, &project.join("vendor/gems"));
    }
    for file in ["tilt", "tilt.rb"] {
        let places = [Path::new("/"), &unpacked()].map(|root| root.join(VENDORED).join(file));
        let found = places.into_iter().find(|place| place.exists());
        copy(found.as_deref(), file, &project.join("vendor/ruby"));
    }
}

/// Where Debian's packages have gems, and what is on Ruby's path.
const GEMS: &str = "usr/share/rubygems-integration/all";
const VENDORED: &str = "usr/lib/ruby/vendor_ruby";

/// Whether a gem's folder is that of a version of this one.
fn is_version_of(path: &Path, gem: &str) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let version = name
        .strip_prefix(gem)
        .and_then(|rest| rest.strip_prefix('-'));
    version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
}

fn copy(found: Option<&Path>, name: &str, to: &Path) {
    let from = found.unwrap_or_else(|| lacking(name, "ruby-sinatra"));
    fs::create_dir_all(to).unwrap();
    let copied = Command::new("cp")
        .arg("-r")
        .args([from, to])
        .status()
        .unwrap();
    assert!(copied.success(), "{}: {copied}", from.display());
}

/// The folders of libraries that were unpacked, such as `usr/lib/x86_64-linux-gnu`.
fn libraries(root: &Path) -> OsString {
    std::env::join_paths(of_machine(root)).unwrap()
}

fn of_machine(root: &Path) -> impl Iterator<Item = PathBuf> {
    let folders = ["usr/lib", "lib"].map(|name| fs::read_dir(root.join(name)));
    let folders = folders.into_iter().flatten().flatten().flatten();
    let folders = folders.map(|entry| entry.path());
    folders.filter(|path| path.to_string_lossy().contains("-linux-"))
}

/// Where Ruby's own libraries were unpacked, which it expects in the system's folders.
fn ruby_libraries(root: &Path) -> OsString {
    let machine = of_machine(root).map(|folder| folder.join("ruby"));
    let folders = machine
        .chain([root.join("usr/lib/ruby")])
        .flat_map(|folder| {
            let versions = fs::read_dir(&folder).into_iter().flatten().flatten();
            let versions = versions.map(|entry| entry.path());
            let vendored = fs::read_dir(folder.join("vendor_ruby"));
            let vendored = vendored.into_iter().flatten().flatten();
            versions.chain(vendored.map(|entry| entry.path()))
        });
    std::env::join_paths(folders.filter(|folder| folder.is_dir())).unwrap()
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
