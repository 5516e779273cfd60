//! The programs of other servers that tests need: where they are, and their end with the suite.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::root;

/// Where `cargo xtask test` unpacks what the system does not have.
fn unpacked() -> PathBuf {
    root().join("target/services")
}

/// The folder of PostgreSQL's programs: the system's newest, or what was unpacked.
pub(crate) fn postgres() -> PathBuf {
    let places = [PathBuf::from("/"), unpacked()];
    let found = places.iter().find_map(|place| {
        let versions = fs::read_dir(place.join("usr/lib/postgresql")).ok()?;
        let folders = versions.flatten().map(|version| version.path().join("bin"));
        let mut folders: Vec<_> = folders.filter(|bin| bin.join("initdb").is_file()).collect();
        folders.sort();
        folders.pop()
    });
    let found = found.or_else(|| in_path("initdb"));
    found.unwrap_or_else(|| panic!("{}", lacking("PostgreSQL", "postgresql")))
}

/// The folder of `PATH` that has this program.
fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|folder| folder.join(program).is_file())
}

fn lacking(name: &str, package: &str) -> String {
    format!(
        "expected {name}, which is neither installed nor below {}: run `cargo xtask test`, which \
         gets it from Debian's packages, or `apt-get install {package}`",
        unpacked().display()
    )
}

/// A command for a program, with the libraries that were unpacked with it.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    if program.starts_with(unpacked()) {
        let libraries = unpacked().join("usr/lib");
        let triples = fs::read_dir(&libraries).unwrap().flatten();
        let triples = triples.map(|entry| entry.path());
        let path = std::env::join_paths(triples.filter(|path| path.is_dir())).unwrap();
        command.env("LD_LIBRARY_PATH", path);
    }
    command
}

/// What ends a process with this one, however this one ends, and removes its folder.
pub(crate) fn guard(process: &Child, folder: &Path) -> Child {
    let end = "read line; kill -QUIT \"$0\"; \
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
