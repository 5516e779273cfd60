use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::host::{BINARY, End, STATE_HOME, run, run_by};
use crate::support::{Host, get, guests};

/// Expect that this ends with one error that has these parts, and that nothing was begun.
fn fails(args: &[&str], code: i32, parts: &[&str]) -> End {
    // A host of another test may serve the same file, and hold what is kept for it.
    let state = TempDir::new().unwrap();
    let mut command = Command::new(BINARY);
    let end = run_by(command.args(args).env(STATE_HOME, state.path()));
    assert_eq!(end.code, Some(code), "{args:?}: {end:?}");
    assert_eq!(end.stdout, "", "{args:?}");
    let errors = end
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .count();
    assert_eq!(errors, 1, "{args:?}: {}", end.stderr);
    assert!(
        end.stderr.starts_with("error: "),
        "{args:?}: {}",
        end.stderr
    );
    for part in parts {
        assert!(
            end.stderr.contains(part),
            "{args:?}: no {part:?} in {}",
            end.stderr
        );
    }
    end
}

fn serve_fails(file: &Path, parts: &[&str]) -> End {
    let name = file.file_name().unwrap().to_str().unwrap();
    let args = [
        "serve",
        "--addr",
        "127.0.0.1:0",
        "--no-cache",
        file.to_str().unwrap(),
    ];
    let end = fails(&args, 1, &[&[name], parts].concat());
    for line in end.stderr.lines().skip(1) {
        assert!(
            line.starts_with("hint: "),
            "more than an error and a hint: {}",
            end.stderr
        );
    }
    end
}

#[test]
fn a_file_that_is_not_a_component_is_refused() {
    let folder = TempDir::new().unwrap();
    let hello = fs::read(guests::path("hello")).unwrap();
    let files: [(&str, &[u8]); 6] = [
        ("empty.wasm", b""),
        ("text.wasm", b"<html>not found</html>"),
        ("zeros.wasm", &[0; 4096]),
        ("core-module.wasm", b"\0asm\x01\0\0\0"),
        ("cut.wasm", &hello[..hello.len() / 2]),
        ("longer.wasm", &[&hello[..], b"more"].concat()),
    ];
    for (name, bytes) in files {
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        serve_fails(&file, &[]);
    }
    serve_fails(&folder.path().join("missing.wasm"), &[]);
    fs::create_dir(folder.path().join("folder")).unwrap();
    serve_fails(&folder.path().join("folder"), &[]);
}

#[test]
fn a_component_of_another_contract_is_refused() {
    serve_fails(
        &guests::path("unknown-world"),
        &["acme:other/run", "wasgi:gateway/app", "hint: "],
    );
    serve_fails(
        &guests::path("cgi1-reactor"),
        &["answer", "_start", "wasi:http/handler@0.3", "hint: "],
    );
}

#[test]
fn a_component_with_an_unknown_import_is_refused() {
    serve_fails(&guests::path("unknown-import"), &["acme:clock/now"]);
}

#[test]
fn one_bad_file_among_good_ones_stops_the_start() {
    let folder = TempDir::new().unwrap();
    fs::copy(guests::path("hello"), folder.path().join("hello.wasm")).unwrap();
    fs::write(folder.path().join("bad.wasm"), "bad").unwrap();
    let folder = folder.path().to_str().unwrap();
    let end = fails(
        &["serve", "--addr", "127.0.0.1:0", folder],
        1,
        &["bad.wasm"],
    );
    assert!(!end.stderr.contains("listening on"), "{}", end.stderr);
}

#[test]
fn an_address_in_use_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let hello = guests::path("hello");
    fails(
        &["serve", "--addr", &address, hello.to_str().unwrap()],
        1,
        &[&address],
    );
}

#[test]
fn wrong_usage_is_refused() {
    let hello = guests::path("hello");
    let hello = hello.to_str().unwrap();
    let cases: [(&[&str], &str); 8] = [
        (&["serve"], "TARGET"),
        (&["serve", hello, "--isolation", "sometimes"], "sometimes"),
        (&["serve", hello, "--addr", "nowhere"], "nowhere"),
        (&["serve", hello, "--addr", "127.0.0.1:70000"], "70000"),
        (&["serve", hello, "--access-log", "loud"], "loud"),
        (&["serve", hello, "--prot", "80"], "--prot"),
        (&["inspect"], "FILE"),
        (&["sevre", hello], "serve"),
    ];
    for (args, part) in cases {
        fails(args, 2, &[part]);
    }
    assert_eq!(run(&[]).code, Some(2));
}

#[test]
fn help_and_version_are_there() {
    let end = run(&["--version"]);
    assert_eq!((end.code, end.stdout.as_str()), (Some(0), "wasgi 0.1.0\n"));
    let end = run(&["serve", "--help"]);
    assert_eq!(end.code, Some(0));
    assert!(
        end.stdout.contains("--isolation") && end.stderr.is_empty(),
        "{end:?}"
    );
}

/// A manifest in a folder beside `hello.wasm`.
fn manifest(text: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    fs::copy(guests::path("hello"), folder.path().join("hello.wasm")).unwrap();
    let path = folder.path().join("wasgi.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn a_bad_manifest_is_refused() {
    const APP: &str = "[[app]]\ncomponent = \"hello.wasm\"\n";
    let cases = [
        (
            "[app.limits]\nmemroy = \"1MiB\"\n",
            ["memroy", "memory", ":4:1"],
        ),
        (
            "isolatoin = \"reuse\"\n",
            ["isolatoin", "isolation", ":3:1"],
        ),
        ("isolation = \"reused\"\n", ["reused", "reuse", ":3:"]),
        ("[app.limits]\nmemory = \"lots\"\n", ["lots", "MiB", ":4:"]),
        (
            "[app.limits]\ncpu = \"5 parsecs\"\n",
            ["parsecs", "s", ":4:"],
        ),
        (
            "[app.limits]\nconcurrency = -1\n",
            ["-1", "concurrency", ":4:"],
        ),
        (
            "[app.limits]\nconcurrency = 0\n",
            ["0", "concurrency", ":4:"],
        ),
        ("path = \"shop\"\n", ["shop", "/", ":3:"]),
        ("name = \n", ["wasgi.toml", "", ":3:"]),
        ("[[app]]\nname = \"second\"\n", ["component", "", ":3:"]),
        (
            "[[app]]\ncomponent = \"hello.wasm\"\n",
            ["wasgi.toml", "/", ":"],
        ),
        (
            "[[app.dir]]\nhost = \".\"\nguest = \"/d\"\naccess = \"all\"\n",
            ["all", "read-only", ":6:"],
        ),
        ("[server]\nlisten = [\"nowhere\"]\n", ["nowhere", "", ":4:"]),
        ("[sever]\nlisten = []\n", ["sever", "server", ":3:"]),
    ];
    for (text, parts) in cases {
        let (_folder, path) = manifest(&format!("{APP}{text}"));
        let args = [
            "serve",
            "--addr",
            "127.0.0.1:0",
            "--config",
            path.to_str().unwrap(),
        ];
        fails(&args, 2, &[&["wasgi.toml"], &parts[..]].concat());
    }
}

#[test]
fn a_manifest_that_names_a_missing_file_is_refused() {
    let (_folder, path) = manifest("[[app]]\ncomponent = \"missing.wasm\"\n");
    let path = path.to_str().unwrap();
    fails(
        &["serve", "--addr", "127.0.0.1:0", "--config", path],
        1,
        &["missing.wasm"],
    );
    let missing = format!("{path}.not");
    let end = run(&["serve", "--addr", "127.0.0.1:0", "--config", &missing]);
    assert!(matches!(end.code, Some(1 | 2)), "{end:?}");
    assert!(
        end.stderr.starts_with("error: ") && end.stderr.contains("wasgi.toml.not"),
        "{end:?}"
    );
}

#[test]
fn a_manifest_without_apps_is_refused() {
    let (_folder, path) = manifest("[server]\nlisten = [\"127.0.0.1:0\"]\n");
    fails(
        &["serve", "--config", path.to_str().unwrap()],
        2,
        &["[[app]]"],
    );
}

#[test]
fn a_manifest_names_several_addresses() {
    let (_folder, path) = manifest(
        "[server]\nlisten = [\"127.0.0.1:0\", \"127.0.0.1:0\"]\n\
         [[app]]\ncomponent = \"hello.wasm\"\n",
    );
    let host = Host::serve_as_told(&["serve", "--no-cache", "--config", path.to_str().unwrap()]);
    let other = host.stderr().line(1).unwrap();
    let other = other
        .strip_prefix("listening on http://")
        .unwrap()
        .parse()
        .unwrap();
    assert_ne!(host.address(), other);
    assert_eq!(host.get("/").text(), "hello\n");
    let mut connection = crate::support::Connection::open(other);
    connection.send(get("/"));
    assert_eq!(connection.response().text(), "hello\n");
}

#[test]
fn a_lone_file_is_mounted_at_the_root() {
    let host = Host::serve(&[guests::path("environ").to_str().unwrap()]);
    let response = host.get("/a/b");
    assert!(
        response.text().contains("\nscript-name=\npath-info=/a/b\n"),
        "{}",
        response.text()
    );
    host.stop();
}

#[test]
fn several_files_are_mounted_at_their_names() {
    let (hello, count) = (guests::path("hello"), guests::path("count"));
    let host = Host::serve(&[hello.to_str().unwrap(), count.to_str().unwrap()]);
    assert_eq!(host.get("/hello").text(), "hello\n");
    assert_eq!(host.get("/count/x").text().trim_end(), "1");
    assert_eq!(host.get("/").status, 404);
}

#[test]
fn a_folder_is_served_by_its_files() {
    let (folder, path) = manifest("");
    fs::remove_file(path).unwrap();
    fs::copy(guests::path("count"), folder.path().join("count.wasm")).unwrap();
    fs::write(folder.path().join("notes.txt"), "not an app").unwrap();
    let host = Host::serve(&[folder.path().to_str().unwrap(), "--isolation", "reuse"]);
    assert_eq!(host.get("/hello").text(), "hello\n");
    assert_eq!(host.get("/count").text().trim_end(), "1");
    assert_eq!(host.get("/count").text().trim_end(), "2");
    assert_eq!(host.get("/notes.txt").status, 404);
}

#[test]
fn a_folder_is_served_by_its_manifest() {
    let (folder, _) = manifest("[[app]]\ncomponent = \"hello.wasm\"\npath = \"/there\"\n");
    let host = Host::serve(&[folder.path().to_str().unwrap()]);
    assert_eq!(host.get("/there").text(), "hello\n");
    assert_eq!(host.get("/hello").status, 404);
}

#[test]
fn inspect_recognises_each_contract() {
    for (guest, contract, shown, is_concurrent) in [
        ("hello", "gateway", "wasgi:gateway/app@0.1", false),
        (
            "http02-hello",
            "http02",
            "wasi:http/incoming-handler@0.2",
            false,
        ),
        ("http03-hello", "http03", "wasi:http/handler@0.3", true),
        ("cgi-hello", "command", "wasi:cli/run@0.2", false),
        ("cgi1-hello", "module", "_start of a core module", false),
    ] {
        let file = guests::path(guest);
        let end = run(&["inspect", file.to_str().unwrap()]);
        assert!(end.stdout.contains(shown), "{}", end.stdout);
        let end = run(&["inspect", "--json", file.to_str().unwrap()]);
        let report: Value = serde_json::from_str(&end.stdout).unwrap();
        assert_eq!(report["contract"], contract, "{report}");
        assert_eq!(report["is_concurrent"], is_concurrent, "{report}");
        assert_eq!(report["refusal"], Value::Null, "{report}");
    }
}

#[test]
fn inspect_says_what_a_component_is() {
    let hello = guests::path("hello");
    let end = run(&["inspect", hello.to_str().unwrap()]);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(
        end.stdout.contains("wasgi:gateway/app@0.1.0"),
        "{}",
        end.stdout
    );
    let end = run(&["inspect", "--json", hello.to_str().unwrap()]);
    let json: Value = serde_json::from_str(&end.stdout).unwrap();
    assert!(
        json["contract"].is_string() && json["bytes"].is_number(),
        "{json:#}"
    );
    assert!(
        json["exports"]
            .to_string()
            .contains("wasgi:gateway/app@0.1.0"),
        "{json:#}"
    );
    assert!(
        json["imports"]
            .to_string()
            .contains("wasgi:gateway/types@0.1.0"),
        "{json:#}"
    );
    fails(&["inspect", "no-such-file.wasm"], 1, &["no-such-file.wasm"]);
}
