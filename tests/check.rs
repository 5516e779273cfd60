use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::guests;
use crate::support::host::{End, run};

/// A folder with this manifest, beside these guests.
fn folder(manifest: &str, guests: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("wasgi.toml"), manifest).unwrap();
    for guest in guests {
        let file = folder.path().join(format!("{guest}.wasm"));
        fs::copy(guests::path(guest), file).unwrap();
    }
    folder
}

/// Run `wasgi check` on a folder, and leave its path out of what it says.
fn check(folder: &Path, args: &[&str]) -> End {
    let path = folder.to_str().unwrap();
    let mut end = run(&[&["check", path], args].concat());
    for text in [&mut end.stdout, &mut end.stderr] {
        *text = text.replace(&format!("{path}/"), "");
    }
    end
}

/// The places of all errors, in the order in which they are told.
fn places(end: &End) -> Vec<&str> {
    let errors = end.stderr.lines();
    errors
        .filter_map(|line| line.strip_prefix("error: wasgi.toml:"))
        .map(|line| line.split(": ").next().unwrap())
        .collect()
}

#[test]
fn what_would_be_served_is_told() {
    let manifest = "[[app]]\nname = \"shop\"\ncomponent = \"hello.wasm\"\npath = \"/shop\"\n\
        [[app]]\ncomponent = \"http03-hello.wasm\"\nhost = [\"a.example\", \"*.b.example\"]\n";
    let folder = folder(manifest, &["hello", "http03-hello"]);
    for args in [&[][..], &["--compile"]] {
        let end = check(folder.path(), args);
        assert_eq!((end.code, &*end.stderr), (Some(0), ""), "{end:?}");
        let words: Vec<Vec<_>> = end
            .stdout
            .lines()
            .map(|line| line.split("  ").map(str::trim).collect())
            .map(|cells: Vec<_>| cells.into_iter().filter(|cell| !cell.is_empty()).collect())
            .collect();
        let expected = [
            ["shop", "/shop", "hello.wasm", "wasgi:gateway/app@0.1", "ok"],
            [
                "http03-hello",
                "a.example/, *.b.example/",
                "http03-hello.wasm",
                "wasi:http/handler@0.3",
                "ok",
            ],
        ];
        assert_eq!(words, expected);
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let manifest = "[[app]]\ncomponent = \"hello.wasm\"\n[app.limits]\nmemroy = \"1MiB\"\n\
        [[app]]\ncomponent = \"gone.wasm\"\npath = \"/gone\"\n\
        [[app]]\ncomponent = \"unknown-world.wasm\"\npath = \"/other\"\n\
        [[app]]\ncomponent = \"wasgi.toml\"\npath = \"/text\"\nname = \"text\"\n\
        middleware = [\"hello.wasm\"]\n[[app.dir]]\nhost = \"data\"\nguest = \"data\"\n\
        [[app]]\ncomponent = \"hello.wasm\"\npath = \"/\"\n";
    let folder = folder(manifest, &["hello", "unknown-world"]);
    let end = check(folder.path(), &[]);
    assert_eq!((end.code, &*end.stdout), (Some(2), ""), "{end:?}");
    let expected = [
        "4:1", "6:13", "9:13", "12:13", "15:15", "17:8", "18:9", "20:13", "21:8",
    ];
    assert_eq!(places(&end), expected, "{}", end.stderr);
    for part in [
        "unknown key `memroy`",
        "there is no file gone.wasm",
        "it exports acme:other/run",
        "it is not WebAssembly",
        "expected a middleware, but hello.wasm",
        "there is none at data",
        "expected an absolute path",
        "an app has the name `hello` already, on line 2",
        "the app `hello` is mounted at / already",
    ] {
        assert!(end.stderr.contains(part), "no {part} in {}", end.stderr);
    }
}

#[test]
fn serve_tells_of_all_faults_too() {
    let folder = folder("[[app]]\ncomponent = \"a.wasm\"\nzzz = 1\nname =\n", &[]);
    let path = folder.path().to_str().unwrap();
    let end = run(&["serve", "--addr", "127.0.0.1:0", path]);
    let end = End {
        stderr: end.stderr.replace(&format!("{path}/"), ""),
        ..end
    };
    assert_eq!(end.code, Some(2), "{end:?}");
    assert_eq!(places(&end), ["2:13", "3:1", "4:7"], "{}", end.stderr);
}

#[test]
fn what_the_machine_lacks_is_not_the_manifests_fault() {
    let folder = folder("[[app]]\ncomponent = \"a.wasm\"\n", &[]);
    let end = check(folder.path(), &[]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert_eq!(places(&end), ["2:13"], "{}", end.stderr);
}

#[test]
fn an_import_that_the_host_lacks_is_found_by_compiling() {
    let manifest = "[[app]]\ncomponent = \"unknown-import.wasm\"\n";
    let folder = folder(manifest, &["unknown-import"]);
    assert_eq!(check(folder.path(), &[]).code, Some(0));
    let end = check(folder.path(), &["--compile"]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert_eq!(places(&end), ["2:13"], "{}", end.stderr);
    assert!(end.stderr.contains("acme:clock/now"), "{}", end.stderr);
}

#[test]
fn programs_read_json() {
    let folder = folder("[[app]]\ncomponent = \"hello.wasm\"\n", &["hello"]);
    let end = check(folder.path(), &["--json"]);
    assert_eq!((end.code, &*end.stderr), (Some(0), ""), "{end:?}");
    let report: Value = serde_json::from_str(&end.stdout).unwrap();
    assert_eq!(report["ok"], true, "{report:#}");
    let expected = json!([{
        "name": "hello", "routes": ["/"], "component": "hello.wasm", "contract": "gateway",
        "health": null, "weight": 100, "middleware": [],
    }]);
    assert_eq!(report["apps"], expected, "{report:#}");
    assert_eq!(
        report["sources"]["components"],
        json!(["hello.wasm"]),
        "{report:#}"
    );

    fs::write(folder.path().join("wasgi.toml"), "[[app]]\ncomponent = 5").unwrap();
    let end = check(folder.path(), &["--json"]);
    assert_eq!(end.code, Some(2), "{end:?}");
    let report: Value = serde_json::from_str(&end.stdout).unwrap();
    assert_eq!(report["ok"], false, "{report:#}");
    let expected = json!([{
        "cause": "usage", "file": "wasgi.toml", "line": 2, "column": 13,
        "message": "expected a string, got the integer `5`", "hint": null,
    }]);
    assert_eq!(report["errors"], expected, "{report:#}");
}

#[test]
fn files_and_folders_are_checked_without_a_manifest() {
    let hello = guests::path("hello");
    let hello = hello.to_str().unwrap();
    let end = run(&["check", hello]);
    assert_eq!(end.code, Some(0), "{end:?}");
    let end = run(&["check", hello, "no-such-file.wasm", "no-such-folder"]);
    assert_eq!((end.code, &*end.stdout), (Some(1), ""), "{end:?}");
    for part in ["no-such-file.wasm: no such", "no-such-folder: no such"] {
        assert!(end.stderr.contains(part), "{}", end.stderr);
    }
}
