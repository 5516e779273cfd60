use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::host::{BINARY, cache, run};
use crate::support::output::PATIENCE;
use crate::support::{Host, Isolation, get, guests, post};

/// A host whose own temporary folder is in this one, with these apps: a name, a guest, and more of
/// its table.
fn start(folder: &TempDir, isolation: Isolation, apps: &[(&str, &str, &str)]) -> Host {
    for folder in ["tmp", "data"].map(|name| folder.path().join(name)) {
        fs::create_dir_all(folder).unwrap();
    }
    let mut manifest = String::new();
    for (name, guest, toml) in apps {
        let component = guests::path(guest);
        let isolation = match isolation {
            Isolation::Fresh => "request",
            Isolation::Reuse => "reuse",
        };
        writeln!(
            manifest,
            "[[app]]\nname = '{name}'\ncomponent = '{}'\npath = '/{name}'\n\
             isolation = '{isolation}'\n{toml}\n",
            component.display()
        )
        .unwrap();
    }
    let file = folder.path().join("wasgi.toml");
    fs::write(&file, manifest).unwrap();
    let mut command = Command::new(BINARY);
    command.args(["serve", "--addr", "127.0.0.1:0", "--cache"]);
    command.arg(cache()).arg("--config").arg(file);
    command.arg("--state").arg(folder.path().join("state"));
    command.env("TMPDIR", folder.path().join("tmp"));
    Host::serve_by(&mut command)
}

const MIB: &str = "tmp = '1MiB'";

fn scratch(folder: &TempDir, isolation: Isolation) -> Host {
    let data = "tmp = '1MiB'\ndir = [{ host = 'data', guest = '/data', access = 'read-write' }]";
    let apps = [("scratch", "scratch", data), ("hello", "hello", "")];
    start(folder, isolation, &apps)
}

/// The folders of the host, in its temporary folder.
fn roots(folder: &TempDir) -> Vec<String> {
    names(&folder.path().join("tmp"))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

/// Wait until no instance has a folder.
fn is_empty(folder: &TempDir) {
    let [root] = &roots(folder)[..] else {
        panic!("expected one folder, got {:?}", roots(folder));
    };
    let root = folder.path().join("tmp").join(root);
    let deadline = Instant::now() + PATIENCE;
    while !names(&root).is_empty() {
        assert!(Instant::now() < deadline, "left: {:?}", names(&root));
        std::thread::yield_now();
    }
}

#[test]
fn bytes_are_refused_beyond_the_quota() {
    let folder = TempDir::new().unwrap();
    let host = scratch(&folder, Isolation::Fresh);
    for (way, error) in [
        // What a stream fails with is an I/O error to the guest's C library, whatever its code.
        ("write", "Uncategorized"),
        ("descriptor", "quota"),
        ("stream", "quota"),
        ("append", "quota"),
        ("unflushed", "quota"),
        ("size", "quota"),
        ("sparse", "quota"),
        ("unlinked", "Uncategorized"),
    ] {
        let response = host.get(&format!("/scratch?way={way}"));
        let (bytes, got) = response.text().split_once(' ').unwrap_or_else(|| {
            panic!("{way}: {}", response.text());
        });
        assert_eq!(got, error, "{way}");
        let bytes: u64 = bytes.parse().unwrap();
        let least = if way == "sparse" { 0 } else { 900 << 10 };
        assert!((least..=1 << 20).contains(&bytes), "{way} got {bytes}");
    }
    is_empty(&folder);
}

#[test]
fn entries_are_refused_beyond_their_number() {
    let folder = TempDir::new().unwrap();
    let large = [("scratch", "scratch", "tmp = '64MiB'")];
    let host = start(&folder, Isolation::Fresh, &large);
    for (way, number) in [
        ("files", 1024),
        ("symlinks", 1024),
        ("links", 1023),
        ("folders", 128),
        ("deep", 128),
    ] {
        let response = host.get(&format!("/scratch?way={way}"));
        assert_eq!(response.text(), format!("{number} QuotaExceeded"), "{way}");
    }
    is_empty(&folder);
}

both!(what_is_taken_away_makes_room, |isolation: Isolation| {
    let folder = TempDir::new().unwrap();
    let host = scratch(&folder, isolation);
    for way in ["remove", "truncate", "rename"] {
        let response = host.get(&format!("/scratch?way={way}"));
        assert_eq!(response.text(), "again and again", "{way}");
    }
});

both!(it_is_a_file_system_of_its_own, |isolation: Isolation| {
    let folder = TempDir::new().unwrap();
    let host = scratch(&folder, isolation);
    // The quota is that of `/tmp` alone.
    assert_eq!(host.get("/scratch?way=elsewhere").text(), "written");
    for (way, error) in [
        ("truncate", "again and again"),
        ("move-in", "CrossesDevices"),
        ("move-out", "CrossesDevices"),
        ("link-in", "CrossesDevices"),
    ] {
        assert_eq!(
            host.get(&format!("/scratch?way={way}")).text(),
            error,
            "{way}"
        );
    }
});

both!(it_lives_as_long_as_its_instance, |isolation: Isolation| {
    let folder = TempDir::new().unwrap();
    let host = scratch(&folder, isolation);
    assert_eq!(host.get("/scratch?way=list").text(), "0");
    assert_eq!(host.get("/scratch?way=truncate").status, 200);
    let kept = match isolation {
        Isolation::Fresh => "0",
        Isolation::Reuse => "1",
    };
    assert_eq!(host.get("/scratch?way=list").text(), kept);
});

#[test]
fn a_program_has_one_too() {
    let folder = TempDir::new().unwrap();
    let host = start(&folder, Isolation::Fresh, &[("file", "cgi-file", MIB)]);
    let written = host.send(post("/file?write=/tmp/file", "data"));
    assert_eq!((written.status, written.text()), (200, "written\n"));
    let large = host.send(post("/file?write=/tmp/file", &"x".repeat(2 << 20)));
    assert_eq!(large.status, 500);
    is_empty(&folder);
}

#[test]
fn whoever_is_not_granted_one_has_none() {
    let folder = TempDir::new().unwrap();
    let host = start(&folder, Isolation::Fresh, &[("scratch", "scratch", "")]);
    assert_eq!(host.get("/scratch?way=list").text(), "NotFound");
    assert!(roots(&folder).is_empty(), "{:?}", roots(&folder));
}

#[test]
fn what_cannot_be_counted_is_not_granted_one() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("wasgi.toml");
    let component = guests::path("cgi1-file");
    let app = format!("[[app]]\ncomponent = '{}'\n{MIB}", component.display());
    fs::write(&file, app).unwrap();
    let end = run(&[
        "serve",
        "--addr",
        "127.0.0.1:0",
        "--config",
        file.to_str().unwrap(),
    ]);
    assert_eq!(end.code, Some(1));
    let expected = "cannot grant `tmp` to cgi1-file: it is a core module";
    assert!(end.stderr.contains(expected), "{}", end.stderr);
}

#[test]
fn nothing_stays_of_a_thousand_instances() {
    let folder = TempDir::new().unwrap();
    let host = scratch(&folder, Isolation::Fresh);
    let mut connection = host.connect();
    for _ in 0..1000 {
        connection.send(get("/scratch?way=list"));
        assert_eq!(connection.response().text(), "0");
    }
    for _ in 0..20 {
        connection.send(get("/scratch?way=write"));
        assert_eq!(connection.response().status, 200);
    }
    is_empty(&folder);
    host.stop();
    assert!(roots(&folder).is_empty(), "{:?}", roots(&folder));
}

#[test]
fn the_next_start_removes_what_a_crash_left() {
    let folder = TempDir::new().unwrap();
    let host = scratch(&folder, Isolation::Reuse);
    assert_eq!(host.get("/scratch?way=truncate").status, 200);
    let left = roots(&folder);
    host.signal(Signal::KILL);
    host.kill();
    assert_eq!(roots(&folder), left);

    let next = scratch(&folder, Isolation::Reuse);
    let roots = roots(&folder);
    assert!(roots.len() == 1 && roots != left, "{roots:?}");
    assert_eq!(next.get("/scratch?way=list").text(), "0");
}
