use std::fs;

use tempfile::TempDir;

use super::alone::{Served, serve};
use super::c::build;
use crate::support::built::component;
use crate::support::site::as_text;
use crate::support::{Host, Isolation, guests, post, root};

fn web(toml: &str) -> Served {
    let source = root().join("tests/guests-js-web");
    let component = component("js-web", &[as_text(&source)]);
    serve(&component, "/", Isolation::Fresh, toml)
}

#[test]
fn an_app_answers() {
    let served = web("env = { GREETING = 'world' }");
    let host = &served.host;
    let _shown = host.show_on_failure();
    assert_eq!(host.get("/").text(), "hello world");
    assert_eq!(host.get("/later").text(), "true");
    assert_eq!(host.get("/nowhere").status, 404);
    assert_eq!(host.get("/more").text(), "squeezed ひ");
    let response = host.get("/head");
    assert_eq!(response.status, 418);
    assert_eq!(response.field("x-one"), Some("1"));
    assert_eq!(response.all("set-cookie"), [b"a=1", b"b=2"]);
    // Nothing of an instance's entropy is frozen with it.
    assert_ne!(host.get("/random").text(), host.get("/random").text());
    assert_eq!(host.get("/wait").text(), "sent");
    host.stderr().wait_for(&["after the response"]);
}

#[test]
fn bodies_are_streams() {
    let served = web("");
    let host = &served.host;
    let _shown = host.show_on_failure();
    let body = "words ".repeat(100_000);
    assert_eq!(host.send(post("/echo", &body)).text(), body);
    let response = host.send(post("/upper", &body));
    assert_eq!(response.text(), body.to_uppercase());
}

#[test]
fn requests_are_sent_where_it_is_granted() {
    let other = Host::serve(&[as_text(&guests::path("echo"))]);
    let to = format!("http://{}", other.address());
    let target = format!("/out?to={to}/&body=asked");

    let granted = web(&format!("[app.outbound]\nallow = ['{to}']"));
    let _shown = granted.host.show_on_failure();
    let response = granted.host.get(&target);
    assert_eq!((response.status, response.text()), (200, "asked"));

    let denied = web("").host.get(&format!("/out?to={to}/"));
    assert_eq!(denied.status, 503);
    assert!(denied.text().contains("NetworkError"), "{}", denied.text());
}

#[test]
fn a_failure_is_an_answer_and_is_logged() {
    let served = web("");
    let host = &served.host;
    for (target, why) in [
        ("/fail", "on purpose"),
        ("/none", "expected the app to return a Response"),
    ] {
        assert_eq!(host.get(target).status, 502, "{target}");
        host.stderr().wait_for(&[why]);
    }
    host.stderr().wait_for(&["app.ts:", "/fail"]);
    assert_eq!(host.get("/").text(), "hello nobody");
}

/// Expects a project of one script to be refused, with this in the message.
fn refused(script: &str, engine: &str, parts: &[&str]) {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("app.js"), script).unwrap();
    fs::write(path("package.json"), "{ \"main\": \"app.js\" }").unwrap();
    fs::write(path("wasgi.toml"), format!("[build]\nengine = '{engine}'")).unwrap();
    let end = build(folder.path(), &path("app.wasm"));
    assert_ne!(end.code, Some(0));
    for part in parts {
        assert!(end.stderr.contains(part), "{part} is not in {}", end.stderr);
    }
    assert!(!path("app.wasm").exists());
}

#[test]
fn what_does_not_build_is_told() {
    let failing = "\nconst app = null;\nexport default app.fetch;\n";
    refused(
        failing,
        "starlingmonkey",
        &[
            "app.js:3:",
            "the app fails when it is loaded",
            "app is null",
        ],
    );
    refused(
        "export const a = 1;",
        "starlingmonkey",
        &["expected the app to `export default app`"],
    );
    refused(
        "import { next } from 'wasgi/middleware';\nexport default next;",
        "starlingmonkey",
        &["got a middleware", "remove `engine`"],
    );
    refused(
        "export default () => new Response();",
        "v8",
        &["expected one of the engines quickjs, starlingmonkey, got \"v8\""],
    );
}
