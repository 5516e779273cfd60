//! Manifests good and bad, in tables.

use std::time::Duration;

use wasgi_gateway::{Access, CgiForm, Isolation, Limits, Reuse};
use wasgi_server::{AccessLog, ConnectionLimits};

use super::*;

/// Parses a manifest that stands beside `a.wasm`, `b.wasm` and the folder `data`.
pub(super) fn read_text(text: &str) -> Result<Manifest, String> {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.wasm", "b.wasm"] {
        std::fs::write(folder.path().join(name), b"").unwrap();
    }
    std::fs::create_dir(folder.path().join("data")).unwrap();
    let path = folder.path().join("wasgi.toml");
    std::fs::write(&path, text).unwrap();
    let prefix = format!("{}/", folder.path().display());
    read(&path, None).map_err(|failure| failure.to_string().replace(&prefix, ""))
}

const EVERY_KEY: &str = r#"
[server]
listen = ["127.0.0.1:1", "[::1]:2"]
access-log = "json"
drain = "0s"
[server.limits]
request-head = "16KiB"
request-fields = 10
head-wait = "1s"
keep-alive = "2s"
write-stall = "3s"
connections = 4
[[app]]
name = "shop"
component = "a.wasm"
path = "/shop/"
isolation = "reuse"
args = ["x", "y"]
[app.reuse]
requests = 5
idle = "6s"
memory = "7MiB"
concurrency-per-instance = 8
[app.limits]
memory = "1MiB"
cpu = "2s"
wall = "3s"
idle = "4s"
request-body = 5
response-head = "6KiB"
response-fields = 7
concurrency = 8
queue = 0
queue-wait = "10ms"
host-call = "11MiB"
log = "12KiB"
[app.env]
GREETING = "hello"
[app.cgi]
nph = true
[[app.dir]]
host = "./data"
guest = "/data/"
access = "read-write"
"#;

#[test]
fn every_key_is_read() {
    let manifest = read_text(EVERY_KEY).unwrap();
    assert_eq!(
        manifest.listen,
        ["127.0.0.1:1".parse().unwrap(), "[::1]:2".parse().unwrap()]
    );
    let seconds = Duration::from_secs;
    assert_eq!(
        manifest.server,
        Config {
            limits: ConnectionLimits {
                request_head: 16 * 1024,
                request_fields: 10,
                head_wait: seconds(1),
                keep_alive: seconds(2),
                write_stall: seconds(3),
                connections: 4,
            },
            access_log: AccessLog::Json,
            expose_errors: false,
            drain: Duration::ZERO,
        }
    );
    let [app] = &manifest.apps[..] else {
        panic!("expected one app")
    };
    assert_eq!(app.mount, "/shop");
    assert!(app.component.ends_with("a.wasm"));
    let dirs = app.settings.dirs.clone();
    assert!(dirs[0].host.is_absolute());
    assert_eq!(
        (&*dirs[0].guest, dirs[0].access),
        ("/data", Access::ReadWrite)
    );
    let expected = AppSettings {
        name: "shop".to_owned(),
        isolation: Isolation::Reuse(Reuse {
            requests: 5,
            idle: seconds(6),
            memory: 7 << 20,
            concurrency: 8,
        }),
        limits: Limits {
            memory: 1 << 20,
            cpu: seconds(2),
            wall: seconds(3),
            idle: seconds(4),
            request_body: 5,
            response_head: 6 << 10,
            response_fields: 7,
            concurrency: 8,
            queue: 0,
            queue_wait: Duration::from_millis(10),
            host_call: 11 << 20,
            log: 12 << 10,
        },
        env: vec![("GREETING".to_owned(), "hello".to_owned())],
        args: vec!["x".to_owned(), "y".to_owned()],
        dirs,
        cgi: CgiForm::Nph,
    };
    assert_eq!(app.settings, expected);
}

#[test]
fn an_app_needs_only_its_component() {
    let manifest = read_text("[[app]]\ncomponent = \"a.wasm\"").unwrap();
    assert!(manifest.listen.is_empty());
    assert_eq!(manifest.server, Config::DEFAULT);
    assert_eq!(manifest.apps[0].mount, "");
    assert_eq!(manifest.apps[0].settings, AppSettings::new("a"));
    assert_eq!(manifest.apps[0].outbound, None);
}

#[test]
fn an_error_shows_the_line_and_the_way_out() {
    let text = "[[app]]\ncomponent = \"a.wasm\"\n[app.limits]\n\tmemroy = \"1MiB\"\n";
    let expected = "error: wasgi.toml:4:2: unknown key `memroy`\n    \
        4 | \tmemroy = \"1MiB\"\n      | \t^^^^^^\nhint: did you mean `memory`?";
    assert_eq!(read_text(text).unwrap_err(), expected);
}

#[test]
fn a_bad_server_section_is_refused() {
    for (text, expected) in [
        (
            "",
            "wasgi.toml: expected an [[app]] at least, got none\nhint: add",
        ),
        ("[server", "wasgi.toml:1:8: "),
        ("[serer]", "1:2: unknown key `serer`"),
        ("[serer]", "hint: did you mean `server`?"),
        (
            "[server]\naccess_log = \"off\"",
            "hint: did you mean `access-log`?",
        ),
        (
            "[server]\nzzz = 1",
            "hint: the keys known here are listen, access-log, drain, limits",
        ),
        (
            "[server]\naccess-log = \"jsn\"",
            "2:14: unknown value `jsn`",
        ),
        (
            "[server]\nlisten = \"127.0.0.1:1\"",
            "2:10: expected a list, got the string",
        ),
        (
            "[server]\ndrain = 5",
            "2:9: expected a duration such as \"5s\" or \"500ms\", got 5",
        ),
        (
            "[server]\ndrain = \"5\"",
            "2:9: expected a duration such as",
        ),
        (
            "[server.limits]\nrequest-head = \"1KiB\"",
            "expected a size of 8KiB at least, got 1KiB",
        ),
        (
            "[server.limits]\nkeep-alive = \"0s\"",
            "expected a duration of 1ms at least",
        ),
        (
            "[server.limits]\nconnections = 0",
            "expected a whole number from 1 to 1000000, got 0",
        ),
        (
            "[server.limits]\nconnections = \"9\"",
            "expected a whole number, got the text \"9\"",
        ),
        (
            "[server.limits]\nconnections = 9.5",
            "2:15: expected a whole number, got the floating",
        ),
    ] {
        let message = read_text(text).unwrap_err();
        assert!(message.contains(expected), "{text:?} gives {message}");
    }
    for (listen, expected) in [
        (
            "[]",
            "wasgi.toml:2:10: expected an address at least, got none",
        ),
        (
            "[\"127.0.0.1:1\", \"8080\"]",
            "wasgi.toml:2:26: expected HOST:PORT",
        ),
    ] {
        let text = format!("[server]\nlisten = {listen}\n[[app]]\ncomponent = \"a.wasm\"");
        let message = read_text(&text).unwrap_err();
        assert!(message.contains(expected), "{text:?} gives {message}");
    }
}

/// What follows `[[app]]` and its component, and what it is told.
const BAD_APPS: &[(&str, &str)] = &[
    (
        "path = \"shop\"",
        "3:8: expected a path such as \"/shop\", got \"shop\": it must start",
    ),
    ("path = \"/a/../b\"", "3:8: expected a path"),
    ("name = \"\"", "3:8: expected a name"),
    ("host = \"shop.example\"", "3:1: unknown key `host`"),
    ("isolation = \"resue\"", "3:13: unknown value `resue`"),
    ("isolation = \"resue\"", "hint: did you mean `reuse`?"),
    ("args = [1]", "3:9: expected a string, got the integer `1`"),
    ("args = [\"a\\u0000\"]", "3:9: expected a text without NUL"),
    (
        "env = { \"A=B\" = \"c\" }",
        "3:9: expected the name of a variable",
    ),
    (
        "env = { \"\" = \"c\" }",
        "3:9: expected the name of a variable",
    ),
    (
        "env = { A = 1 }",
        "3:13: expected a string, got the integer `1`",
    ),
    (
        "[app.limits]\nmemory = 0",
        "4:10: expected a size of 1B at least, got 0B",
    ),
    ("[app.limits]\nmemory = -1", "4:10: expected a size such as"),
    (
        "[app.limits]\nmemory = \"1MB\"",
        "4:10: expected a size such as",
    ),
    (
        "[app.limits]\nconcurrency = 0",
        "4:15: expected a whole number from 1 to",
    ),
    (
        "[app.limits]\nresponse-fields = 40000",
        "expected a whole number from 1 to 10000",
    ),
    (
        "[app.reuse]\nrequests = 0",
        "4:12: expected a whole number from 1 to",
    ),
    ("[[app.dir]]\nhost = \"data\"", "the key `guest` is missing"),
    (
        "[[app.dir]]\nhost = \"data\"\nguest = \"data\"",
        "5:9: expected an absolute path",
    ),
    (
        "[[app.dir]]\nhost = \"data\"\nguest = \"/a/../b\"",
        "5:9: expected an absolute path",
    ),
    (
        "[[app.dir]]\nhost = \"nope\"\nguest = \"/a\"",
        "4:8: expected a folder, but there is none",
    ),
    (
        "dir = [{ host = \"data\", guest = \"/a\" }, { host = \"data\", guest = \"/a/\" }]",
        "the guest already has a folder at \"/a/\"",
    ),
    (
        "[[app]]\ncomponent = \"b.wasm\"",
        "4:13: the app `a` is mounted at / already\n    4 | component = \"b.wasm\"\n",
    ),
    (
        "[[app]]\ncomponent = \"b.wasm\"\npath = \"/b\"\nname = \"a\"",
        "6:8: an app has the name `a` already",
    ),
];

#[test]
fn a_bad_app_is_refused() {
    for (text, expected) in BAD_APPS {
        let text = format!("[[app]]\ncomponent = \"a.wasm\"\n{text}");
        let message = read_text(&text).unwrap_err();
        assert!(message.contains(expected), "{text:?} gives {message}");
    }
    for (text, expected) in [
        ("[[app]]\nname = \"a\"", "the key `component` is missing"),
        (
            "[[app]]\ncomponent = \"c.wasm\"",
            "wasgi.toml:2:13: expected a component, but there is",
        ),
    ] {
        let message = read_text(text).unwrap_err();
        assert!(message.contains(expected), "{text:?} gives {message}");
    }
}

#[test]
fn a_missing_manifest_is_refused() {
    let message = read(Path::new("/none/wasgi.toml"), None)
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "error: cannot read /none/wasgi.toml: no such file or folder"
    );
}
