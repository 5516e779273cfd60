use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::alone::{Served, serve};
use crate::support::built::component;
use crate::support::host::{BINARY, cache};
use crate::support::site::as_text;
use crate::support::{Chunk, Isolation, post, root};

behaves!("js");

fn behaviours(isolation: Isolation, toml: &str) -> Served {
    let source = root().join("tests/guests-js");
    let component = component("js", &[as_text(&source)]);
    serve(&component, "/app", isolation, toml)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

both!(does_what_the_standards_say, |isolation: Isolation| {
    let served = behaviours(isolation, "");
    let _shown = served.host.show_on_failure();
    let text = served.host.get("/app/web").text().to_owned();
    assert!(text.starts_with("ok "), "{text}");
});

both!(
    echoes_while_the_request_is_still_coming,
    |isolation: Isolation| {
        let served = behaviours(isolation, "");
        let mut connection = served.host.connect();
        connection.send("POST /app/echo HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n");
        for (index, word) in ["one", "two"].into_iter().enumerate() {
            connection.send(format!("3\r\n{word}\r\n"));
            if index == 0 {
                assert_eq!(connection.head().status, 200);
            }
            assert_eq!(connection.data(), word.as_bytes());
        }
        connection.send("0\r\n\r\n");
        assert_eq!(connection.chunk(), Chunk::End(Vec::new()));
    }
);

#[test]
fn each_instance_has_its_own_random_numbers() {
    let served = behaviours(Isolation::Fresh, "");
    let draw = || json(served.host.get("/app/seeds").text());
    let (first, second) = (draw(), draw());
    for index in 0..2 {
        assert_ne!(first[index], second[index]);
    }
}

both!(
    a_failure_is_told_with_its_line_in_the_source,
    |isolation: Isolation| {
        let served = behaviours(isolation, "");
        let host = &served.host;
        assert_eq!(host.get("/app/fail").status, 502);
        host.stderr()
            .wait_for(&["guest-failed", "RangeError: told to fail", "behaviours.ts:"]);
        assert_eq!(host.get("/app/hang").status, 502);
        host.stderr()
            .wait_for(&["guest-failed", "a promise that nothing can settle"]);
        // A reused instance goes on after an error.
        assert_eq!(host.get("/app/hello").text(), "Hello, world!\n");
    }
);

both!(an_app_goes_on_after_its_response, |isolation: Isolation| {
    let served = behaviours(isolation, "");
    assert_eq!(served.host.get("/app/later").text(), "now\n");
    served.host.stderr().wait_for(&["after the response"]);
});

#[test]
fn hono_serves_its_example() {
    let source = root().join("examples/js-hono");
    let component = component("js-hono", &[as_text(&source)]);
    let served = serve(&component, "/", Isolation::Fresh, "");
    let host = &served.host;
    let _shown = host.show_on_failure();
    let palette = json(host.get("/api/palettes/sea").text());
    assert_eq!(palette["word"], "sea");
    assert_eq!(palette["colours"].as_array().unwrap().len(), 5);
    let page = host.get("/?word=%3Cb%3E");
    assert!(
        page.text().contains("&lt;b&gt; – a palette"),
        "{}",
        page.text()
    );
    assert_eq!(
        host.get("/style.css").field("content-type"),
        Some("text/css")
    );
    let wrong = host.send(post("/api/palettes", "{}"));
    assert_eq!(wrong.status, 422);
}

/// A project with these files, and `wasgi build` on it.
fn build(files: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let end = Command::new(BINARY)
        .args(["build", ".", "--cache", as_text(&cache())])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let has_component = Path::new(folder.path()).join("app.wasm").is_file();
    assert_eq!(has_component, end.status.success());
    (end.status.code(), String::from_utf8(end.stderr).unwrap())
}

const PACKAGE: (&str, &str) = ("package.json", r#"{ "name": "app" }"#);

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (source, parts) in [
        (
            "const a: number = ;",
            &["app.ts:1:19: Unexpected \";\""][..],
        ),
        (
            "import './nope';",
            &[
                "app.ts:1:8: Could not resolve \"./nope\"",
                "hint: name a file",
            ],
        ),
        ("import 'hono';", &["hint: run `npm install hono`"]),
        (
            "import fs from 'node:fs'; fs;",
            &["hint: `fs` is Node.js's own"],
        ),
        (
            "export const a = 1;",
            &["app.ts: expected the app to `export default app`"],
        ),
        (
            "\nnull.a;\nexport default () => new Response();",
            &[
                "app.ts:2:",
                "the app fails when it is loaded: cannot read property",
            ],
        ),
    ] {
        let (code, text) = build(&[PACKAGE, ("app.ts", source)]);
        assert_eq!(code, Some(1), "{text}");
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
    }
}

#[test]
fn every_form_of_an_app_is_accepted() {
    for source in [
        "export default () => new Response('x');",
        "export default { fetch: () => new Response('x') };",
        "addEventListener('fetch', (event) => event.respondWith(new Response('x')));",
        "import { serve } from 'wasgi'; serve(() => new Response('x'));",
    ] {
        let (code, text) = build(&[PACKAGE, ("app.ts", source)]);
        assert_eq!(code, Some(0), "{source}: {text}");
    }
}
