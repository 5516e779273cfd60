use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use super::alone::{Served, serve};
use crate::support::built::component;
use crate::support::host::{BINARY, cache};
use crate::support::site::as_text;
use crate::support::{Chunk, Isolation, get, post, root};

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

both!(answers_as_the_contract_says, |isolation: Isolation| {
    let served = behaviours(isolation, "env = { COLOUR = 'red' }");
    let host = &served.host;
    let _shown = host.show_on_failure();

    let hello = host.get("/app/hello");
    assert_eq!((hello.status, hello.text()), (200, "Hello\n"));
    assert_eq!(hello.field("content-length"), Some("6"));

    let environ = json(host.get("/app/environ?a=%C3%A4").text());
    assert_eq!(environ["scriptName"], "/app");
    assert_eq!(environ["pathInfo"], "/environ");
    assert_eq!(environ["queryString"], "a=%C3%A4");
    assert_eq!(environ["env"]["COLOUR"], "red");

    let headers = host.send(b"GET /app/headers HTTP/1.1\r\nhost: t\r\nx-sent: \xfc\x80\r\n\r\n");
    assert_eq!(headers.all("set-cookie"), [b"a=1", b"b=2"]);
    assert_eq!(headers.all("x-latin"), [b"gr\xfc\xdfe"]);
    assert_eq!(headers.all("x-got"), [b"\xfc\x80"]);

    let echo = host.send(post("/app/collect", "gr\u{fc}n"));
    assert_eq!(echo.text(), "gr\u{fc}n");
    assert_eq!(host.get("/app/nothing").status, 404);
});

both!(sends_each_chunk_when_it_is_made, |isolation: Isolation| {
    let served = behaviours(isolation, "");
    let mut connection = served.host.connect();
    // The whole would take a day.
    connection.send(get("/app/chunks?n=86400&every=1000"));
    assert_eq!(connection.head().status, 200);
    assert_eq!(connection.data(), b"line 1\n");
    assert_eq!(connection.data(), b"line 2\n");
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
fn echoes_100_mb_in_little_memory() {
    const TOTAL: usize = 100_000_000;
    let limits = "[app.limits]\nrequest-body = '1GiB'\ncpu = '10m'\nwall = '10m'\nmemory = '16MiB'";
    let served = behaviours(Isolation::Fresh, limits);
    let _shown = served.host.show_on_failure();
    let mut connection = served.host.connect();
    let mut writer = connection.stream().try_clone().unwrap();
    let before = served.host.peak_memory();
    let sender = thread::spawn(move || {
        let head = format!("POST /app/echo HTTP/1.1\r\nhost: t\r\ncontent-length: {TOTAL}\r\n\r\n");
        writer.write_all(head.as_bytes()).unwrap();
        let block: Vec<u8> = (0..=249).cycle().take(TOTAL / 100).collect();
        for _ in 0..100 {
            writer.write_all(&block).unwrap();
        }
    });
    assert_eq!(connection.head().status, 200);
    let mut received = 0;
    loop {
        match connection.chunk() {
            Chunk::Data(data) => {
                let is_right =
                    |(index, byte): (usize, &u8)| usize::from(*byte) == (received + index) % 250;
                assert!(
                    data.iter().enumerate().all(is_right),
                    "after {received} bytes"
                );
                received += data.len();
            }
            Chunk::End(_) => break,
            Chunk::Broken => panic!("broken off after {received} bytes"),
        }
    }
    assert_eq!(received, TOTAL);
    sender.join().unwrap();
    let more = served.host.peak_memory() - before;
    assert!(more < 32 << 20, "{more} bytes more");
}

#[test]
fn an_instance_answers_1000_requests_without_growth() {
    // An instance that outgrew this would be replaced, and begin to count anew.
    let limits = "[app.limits]\nmemory = '16MiB'";
    let served = behaviours(Isolation::Reuse, limits);
    let body = "x".repeat(20_000);
    for number in 1..=500 {
        assert_eq!(served.host.get("/app/count").text(), format!("{number}\n"));
        assert_eq!(served.host.send(post("/app/collect", &body)).text(), body);
    }
}

#[test]
fn each_instance_has_its_own_random_numbers() {
    let served = behaviours(Isolation::Fresh, "");
    let draw = || json(served.host.get("/app/random").text());
    let (first, second) = (draw(), draw());
    for index in 0..3 {
        assert_ne!(first[index], second[index]);
    }
}

both!(
    a_failure_is_told_with_its_line_in_the_source,
    |isolation: Isolation| {
        let served = behaviours(isolation, "");
        let host = &served.host;
        assert_eq!(host.get("/app/error").status, 502);
        host.stderr().wait_for(&[
            "guest-failed",
            "RangeError: the behaviour is to fail",
            "behaviours.ts:",
        ]);
        assert_eq!(host.get("/app/hang").status, 502);
        host.stderr()
            .wait_for(&["guest-failed", "a promise that nothing can settle"]);
        let late = host.get("/app/late-error");
        assert_eq!(
            (late.status, late.text(), late.is_complete),
            (200, "first\n", false)
        );
        assert_eq!(host.get("/app/trap").status, 502);
        host.stderr().wait_for(&["guest-trapped"]);
        // A reused instance goes on after an error; after a trap there is another one.
        assert_eq!(host.get("/app/hello").text(), "Hello\n");
    }
);

both!(fields_may_follow_a_body, |isolation: Isolation| {
    let served = behaviours(isolation, "");
    let response = served.host.send(
        "POST /app/trailers HTTP/1.1\r\nhost: t\r\nte: trailers\r\nconnection: te\r\n\
         transfer-encoding: chunked\r\ntrailer: x-sent\r\n\r\n1\r\na\r\n0\r\nx-sent: yes\r\n\r\n",
    );
    let field = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    assert_eq!(response.text(), "body\n");
    assert_eq!(
        response.trailers,
        [field("x-checksum", "5"), field("x-sent", "yes")]
    );
});

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
