use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Host, Isolation, Setup, get, post};

use super::case::Case;

/// What the fixture `count` answers to these requests, one after the other.
fn counts(host: &Host, case: &Case, targets: &[&str]) -> Vec<String> {
    let get = |target: &&str| host.get(&case.target(target)).text().trim_end().to_owned();
    targets.iter().map(get).collect()
}

/// A host with one app, which answers one request at a time.
fn one_by_one(case: &Case, behaviour: &str, toml: &str) -> Host {
    let toml = format!("{toml}\n[app.limits]\nconcurrency = 1\n");
    case.alone(behaviour, &toml)
}

// A program's instance ends with its request, whatever the isolation.
parity!(only_a_reused_instance_remembers, |case| {
    let host = one_by_one(case, "count", "");
    let expected = if case.is_reused() {
        ["1", "2", "3", "4"]
    } else {
        ["1"; 4]
    };
    assert_eq!(counts(&host, case, &["/count"; 4]), expected);
});

parity!(a_reused_instance_ends_after_its_requests, |case| {
    let reuse = match case.isolation {
        Isolation::Fresh => "",
        Isolation::Reuse => "[app.reuse]\nrequests = 2",
    };
    let host = one_by_one(case, "count", reuse);
    let expected = if case.is_reused() {
        ["1", "2", "1", "2", "1"]
    } else {
        ["1"; 5]
    };
    assert_eq!(counts(&host, case, &["/count"; 5]), expected);
});

parity!(an_instance_ends_with_a_failure, |case| {
    let host = case.alone("count", "[app.limits]\nconcurrency = 1\nwall = '500ms'");
    let second = if case.is_reused() { "2" } else { "1" };
    for then in ["trap", "fail", "bad-response", "sleep"] {
        assert_eq!(counts(&host, case, &["/count", "/count"]), ["1", second]);
        let response = host.get(&case.target(&format!("/count?then={then}")));
        assert!(response.status >= 500, "{response:?}");
    }
    assert_eq!(counts(&host, case, &["/count", "/count"]), ["1", second]);
});

parity!(an_instance_ends_when_its_client_leaves, |case| {
    let host = case.alone("count", "[app.limits]\nconcurrency = 1\nqueue = 0");
    let target = case.target("/count");
    let second = if case.is_reused() { "2" } else { "1" };
    assert_eq!(counts(&host, case, &["/count", "/count"]), ["1", second]);
    drop(host.occupy(get(&format!("{target}?then=sleep")), &target));
    assert_eq!(host.get_when_free(&target).text().trim_end(), "1");
});

parity!(
    an_input_that_is_kept_is_closed,
    [native, http02, http03] because "a program's instance, and its input, end with its request",
    |case| {
        let host = one_by_one(case, "stale-input", "");
        let target = case.target("/stale-input");
        let first = host.send(post(&target, "secret of the first"));
        assert_eq!(first.text(), "kept\n");
        let second = host.send(post(&target, "second"));
        match case.is_reused() {
            true => assert!(second.text().contains("closed"), "{}", second.text()),
            false => assert_eq!(second.text(), "kept\n"),
        }
    }
);

parity!(
    a_guest_that_leaks_its_input_is_served_on,
    [native, http02, http03] because "a program has no handle of its input that it could leak",
    |case| {
        let mut connection = case.host().connect();
        for n in 0..300 {
            connection.send(post(&case.target("/leak"), "body"));
            let response = connection.response();
            assert_eq!((response.status, response.text()), (200, "leaked\n"), "request {n}");
            if response.field("connection") == Some("close") {
                connection = case.host().connect();
            }
        }
    }
);

parity!(random_bytes_differ, |case| {
    let (first, second) = (case.get("/random"), case.get("/random"));
    assert_eq!(first.text().trim_end().len(), 32, "{first:?}");
    assert_ne!(first.text(), second.text());
});

parity!(nothing_of_the_host_is_inherited, |case| {
    let response = case.get("/env");
    let has = |word: &str| response.text().contains(word);
    assert!(
        !has("WASGI_TEST_SECRET") && !has("leaked"),
        "{}",
        response.text()
    );
    // A program is described its request by variables, none of which is the host's own.
    let names = response
        .text()
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0));
    let own: Vec<_> = names
        .filter(|name| matches!(*name, "PATH" | "HOME" | "PWD"))
        .collect();
    assert!(own.is_empty(), "{own:?}");
    for path in [
        "/",
        ".",
        "/etc/passwd",
        "/proc/self/environ",
        "Cargo.toml",
        "../Cargo.toml",
    ] {
        let response = case.get(&format!("/file?read={path}"));
        assert_eq!(response.status, 500, "{path}: {response:?}");
    }
    let target = case.target("/file?write=/tmp/wasgi-was-here");
    let response = case.host().send(post(&target, "x"));
    assert_eq!(response.status, 500, "{response:?}");
});

parity!(environment_and_arguments_are_granted, |case| {
    let toml = "args = ['one', 'two words']\n[app.env]\nGREETING = 'hello'\nEMPTY = ''";
    let host = case.alone("env", toml);
    let response = host.get(&case.target("/env"));
    let has = |line: &str| response.text().lines().any(|other| other == line);
    assert!(
        has("GREETING=hello") && has("EMPTY="),
        "{}",
        response.text()
    );
    let arguments = response
        .text()
        .lines()
        .filter(|line| line.starts_with("arg "));
    let arguments: Vec<_> = arguments
        .filter_map(|line| Some(line.split_once('=')?.1))
        .collect();
    assert!(arguments.ends_with(&["one", "two words"]), "{arguments:?}");
});

/// A host that grants `data` as `/data`, with files that may be reached and files that may not.
fn with_folder(case: &Case, access: &str) -> (Host, std::path::PathBuf) {
    let setup = Setup::new(case.isolation);
    let folder = setup.folder().to_owned();
    fs::create_dir(folder.join("data")).unwrap();
    fs::write(folder.join("data/note.txt"), "a note").unwrap();
    fs::write(folder.join("secret.txt"), "a secret").unwrap();
    symlink("../secret.txt", folder.join("data/relative")).unwrap();
    symlink(folder.join("secret.txt"), folder.join("data/absolute")).unwrap();
    let dir = format!("[[app.dir]]\nhost = './data'\nguest = '/data'\naccess = '{access}'");
    (setup.app(&case.guest("file"), &dir).start(), folder)
}

parity!(a_folder_is_granted_and_nothing_beside_it, |case| {
    let (host, folder) = with_folder(case, "read-write");
    let read = |path: &str| host.get(&case.target(&format!("/file?read={path}")));
    let write = |path: &str| host.send(post(&case.target(&format!("/file?write={path}")), "new"));
    assert_eq!(read("/data/note.txt").text(), "a note");
    for path in [
        "/data/../secret.txt",
        "/data/relative",
        "/data/absolute",
        "/secret.txt",
    ] {
        assert_eq!(read(path).status, 500, "{path}");
        assert_eq!(write(path).status, 500, "{path}");
    }
    let secret = fs::read_to_string(folder.join("secret.txt")).unwrap();
    assert_eq!(secret, "a secret");
    assert_eq!(write("/data/new.txt").text(), "written\n");
    assert_eq!(read("/data/new.txt").text(), "new");
});

parity!(a_folder_that_is_read_only_cannot_be_written, |case| {
    let (host, folder) = with_folder(case, "read-only");
    for path in ["/data/new.txt", "/data/note.txt"] {
        let target = case.target(&format!("/file?write={path}"));
        assert_eq!(host.send(post(&target, "x")).status, 500, "{path}");
    }
    assert!(!folder.join("data/new.txt").exists());
    let note = fs::read_to_string(folder.join("data/note.txt")).unwrap();
    assert_eq!(note, "a note");
});
