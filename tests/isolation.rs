use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Host, Isolation, Setup, get, post};

/// What the guest `count` answers to these requests, one after the other.
fn counts(host: &Host, targets: &[&str]) -> Vec<String> {
    targets
        .iter()
        .map(|target| host.get(target).text().trim_end().to_owned())
        .collect()
}

/// A host with one app, which answers one request at a time.
fn one_by_one(isolation: Isolation, guest: &str, toml: &str) -> Host {
    let toml = format!("{toml}\n[app.limits]\nconcurrency = 1\n");
    Setup::new(isolation).app(guest, &toml).start()
}

#[test]
fn a_fresh_instance_serves_one_request() {
    let host = one_by_one(Isolation::Fresh, "count", "");
    assert_eq!(counts(&host, &["/count"; 4]), ["1", "1", "1", "1"]);
}

#[test]
fn a_reused_instance_serves_many() {
    let host = one_by_one(Isolation::Reuse, "count", "");
    assert_eq!(counts(&host, &["/count"; 4]), ["1", "2", "3", "4"]);
}

#[test]
fn a_reused_instance_ends_after_its_requests() {
    let host = one_by_one(Isolation::Reuse, "count", "[app.reuse]\nrequests = 2");
    assert_eq!(counts(&host, &["/count"; 5]), ["1", "2", "1", "2", "1"]);
}

#[test]
fn a_reused_instance_ends_when_it_has_grown() {
    let host = one_by_one(Isolation::Reuse, "count", "[app.reuse]\nmemory = '64KiB'");
    assert_eq!(counts(&host, &["/count"; 3]), ["1", "1", "1"]);
    // It never had a chance, which is told once.
    let why = "its instances are not reused";
    host.stderr().wait_for(&["WARN", why, "[app.reuse]"]);
    assert_eq!(host.stderr().text().matches(why).count(), 1);
}

#[test]
fn a_reused_instance_ends_when_it_was_idle() {
    let host = Setup::new(Isolation::Reuse)
        .app(
            "count",
            "[app.reuse]\nidle = '200ms'\n[app.limits]\nconcurrency = 1",
        )
        .app("sleep", "")
        .start();
    assert_eq!(
        counts(&host, &["/count", "/sleep?ms=2000", "/count"]),
        ["1", "woke", "1"]
    );
}

#[test]
fn an_input_that_is_kept_is_closed() {
    let host = one_by_one(Isolation::Reuse, "stale-input", "");
    let request = post("/stale-input", "secret of the first");
    assert_eq!(host.send(&request).text().trim_end(), "kept");
    assert_eq!(
        host.send(post("/stale-input", "second")).text().trim_end(),
        "error: closed"
    );
}

#[test]
fn nothing_is_kept_by_a_fresh_instance() {
    let host = one_by_one(Isolation::Fresh, "stale-input", "");
    for _ in 0..2 {
        assert_eq!(
            host.send(post("/stale-input", "secret")).text().trim_end(),
            "kept"
        );
    }
}

both!(a_guest_that_leaks_its_input_is_served_on, |host| {
    let mut connection = host.connect();
    for n in 0..1000 {
        connection.send(post("/leak", "body"));
        let response = connection.response();
        assert_eq!(
            (response.status, response.text()),
            (200, "leaked\n"),
            "request {n}"
        );
        if response.field("connection") == Some("close") {
            connection = host.connect();
        }
    }
});

both!(random_bytes_differ, |host| {
    let (first, second) = (host.get("/random"), host.get("/random"));
    assert_eq!(first.text().trim_end().len(), 32, "{first:?}");
    assert_ne!(first.text(), second.text());
});

both!(nothing_of_the_host_is_inherited, |host| {
    let response = host.get("/env");
    let text = response.text();
    assert!(
        !text.contains("WASGI_TEST_SECRET") && !text.contains("PATH"),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.starts_with("arg 0=")),
        "{text}"
    );
    for path in [
        "/",
        ".",
        "/etc/passwd",
        "/proc/self/environ",
        "Cargo.toml",
        "../Cargo.toml",
    ] {
        let response = host.get(&format!("/file?read={path}"));
        assert_eq!(response.status, 500, "{path}: {response:?}");
    }
    let response = host.send(post("/file?write=/tmp/wasgi-was-here", "x"));
    assert_eq!(response.status, 500, "{response:?}");
});

both!(
    environment_and_arguments_are_granted,
    |isolation: Isolation| {
        let toml = "args = ['one', 'two words']\n[app.env]\nGREETING = 'hello'\nEMPTY = ''";
        let host = Setup::new(isolation)
            .app("env", toml)
            .app("hello", "")
            .start();
        let response = host.get("/env");
        let lines: Vec<_> = response.text().lines().collect();
        let (args, env): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.starts_with("arg "));
        assert_eq!(env.len(), 2, "{lines:?}");
        assert!(
            env.contains(&&"GREETING=hello") && env.contains(&&"EMPTY="),
            "{lines:?}"
        );
        let args: Vec<_> = args
            .iter()
            .filter_map(|line| line.split_once('='))
            .collect();
        assert_eq!(args.last().unwrap().1, "two words");
        assert!(args.iter().any(|(_, value)| *value == "one"), "{lines:?}");
    }
);

/// A host that grants `data` as `/data`, with files that may be reached and files that may not.
fn with_folder(isolation: Isolation, access: &str) -> (Host, std::path::PathBuf) {
    let setup = Setup::new(isolation);
    let folder = setup.folder().to_owned();
    fs::create_dir_all(folder.join("data/inner")).unwrap();
    fs::write(folder.join("data/inner/note.txt"), "a note").unwrap();
    fs::write(folder.join("secret.txt"), "a secret").unwrap();
    symlink("../secret.txt", folder.join("data/relative")).unwrap();
    symlink(folder.join("secret.txt"), folder.join("data/absolute")).unwrap();
    symlink("..", folder.join("data/up")).unwrap();
    let dir = format!("[[app.dir]]\nhost = './data'\nguest = '/data'\naccess = '{access}'");
    (setup.app("file", &dir).start(), folder)
}

both!(
    a_folder_is_granted_and_nothing_beside_it,
    |isolation: Isolation| {
        let (host, folder) = with_folder(isolation, "read-write");
        assert_eq!(host.get("/file?read=/data/inner/note.txt").text(), "a note");
        let paths = [
            "/data/../secret.txt",
            "/data/inner/../../secret.txt",
            "/data/relative",
            "/data/absolute",
            "/data/up/secret.txt",
            "/secret.txt",
        ];
        for path in paths {
            let response = host.get(&format!("/file?read={path}"));
            assert_eq!(response.status, 500, "{path}: {response:?}");
            let response = host.send(post(&format!("/file?write={path}"), "overwritten"));
            assert_eq!(response.status, 500, "{path}: {response:?}");
        }
        assert_eq!(
            fs::read_to_string(folder.join("secret.txt")).unwrap(),
            "a secret"
        );
    }
);

both!(
    a_folder_can_be_written_if_that_is_granted,
    |isolation: Isolation| {
        let (host, folder) = with_folder(isolation, "read-write");
        assert_eq!(
            host.send(post("/file?write=/data/new.txt", "new")).status,
            200
        );
        assert_eq!(
            fs::read_to_string(folder.join("data/new.txt")).unwrap(),
            "new"
        );
        assert_eq!(host.get("/file?read=/data/new.txt").text(), "new");
    }
);

both!(
    a_folder_that_is_read_only_cannot_be_written,
    |isolation: Isolation| {
        let (host, folder) = with_folder(isolation, "read-only");
        assert_eq!(host.get("/file?read=/data/inner/note.txt").text(), "a note");
        for path in ["/data/new.txt", "/data/inner/note.txt"] {
            assert_eq!(
                host.send(post(&format!("/file?write={path}"), "x")).status,
                500,
                "{path}"
            );
        }
        assert!(!folder.join("data/new.txt").exists());
        assert_eq!(
            fs::read_to_string(folder.join("data/inner/note.txt")).unwrap(),
            "a note"
        );
    }
);

/// After a request to `count` that does this, the next one is served by a new instance.
fn ends_the_instance(then: &str, limits: &str) {
    let toml = format!("[app.limits]\nconcurrency = 1\n{limits}");
    let host = Setup::new(Isolation::Reuse).app("count", &toml).start();
    assert_eq!(counts(&host, &["/count", "/count"]), ["1", "2"]);
    assert!(host.get(&format!("/count?then={then}")).status >= 500);
    assert_eq!(counts(&host, &["/count", "/count"]), ["1", "2"]);
}

#[test]
fn a_reused_instance_ends_with_a_trap() {
    ends_the_instance("trap", "");
}

#[test]
fn a_reused_instance_ends_with_an_error() {
    ends_the_instance("fail", "");
}

#[test]
fn a_reused_instance_ends_with_a_bad_response() {
    ends_the_instance("bad-response", "");
}

#[test]
fn a_reused_instance_ends_with_a_limit() {
    ends_the_instance("sleep", "wall = '200ms'");
}

#[test]
fn a_reused_instance_ends_when_its_client_leaves() {
    let toml = "[app.limits]\nconcurrency = 1\nqueue = 0\n";
    let host = Setup::new(Isolation::Reuse).app("count", toml).start();
    assert_eq!(counts(&host, &["/count", "/count"]), ["1", "2"]);
    drop(host.occupy(get("/count?then=sleep"), "/count"));
    assert_eq!(host.get_when_free("/count").text().trim_end(), "1");
}
