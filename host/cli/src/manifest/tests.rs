//! Manifests good and bad, in tables.

use wasgi_gateway::{AppSettings, Isolation};

use super::*;

mod apps;
mod faults;
mod keys;

/// Parses a manifest that stands beside `a.wasm`, `b.wasm`, the folder `data`, and projects.
pub(super) fn read_text(text: &str) -> Result<Manifest, String> {
    read_bytes(text.as_bytes())
}

pub(super) fn read_bytes(text: &[u8]) -> Result<Manifest, String> {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.wasm", "b.wasm"] {
        std::fs::write(folder.path().join(name), b"").unwrap();
    }
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::create_dir(folder.path().join("front")).unwrap();
    std::fs::write(folder.path().join("front/package.json"), "{}").unwrap();
    std::fs::write(folder.path().join("front/app.js"), "").unwrap();
    let source = "def app(environ, start_response):\n    return []\n";
    std::fs::write(folder.path().join("app.py"), source).unwrap();
    let path = folder.path().join("wasgi.toml");
    std::fs::write(&path, text).unwrap();
    let prefix = format!("{}/", folder.path().display());
    let mut manifest = read(&path, None, false);
    let mut wrong = std::mem::take(&mut manifest.wrong);
    wrong.extend(manifest.apps.iter().flat_map(|app| app.missing.clone()));
    let result = wrong.into_result().map(|()| manifest);
    result.map_err(|wrong| wrong.to_string().replace(&prefix, ""))
}

#[test]
fn an_app_needs_only_its_component() {
    let manifest = read_text("[[app]]\ncomponent = \"a.wasm\"").unwrap();
    assert!(manifest.listen.is_empty());
    assert_eq!(manifest.server, Config::DEFAULT);
    assert_eq!(manifest.hosting, Hosting::default());
    let app = &manifest.apps[0];
    assert_eq!(app.routes[0].to_string(), "/");
    assert_eq!((app.health.as_deref(), app.weight), (None, WEIGHT));
    assert!(app.middleware.is_empty() && app.missing.is_empty());
    assert_eq!(manifest.apps[0].settings, AppSettings::new("a"));
    assert_eq!(manifest.apps[0].outbound, None);
}

#[test]
fn an_app_with_source_needs_its_component_only_to_be_served_by_it() {
    for (text, is_source) in [
        ("module = \"app:app\"", true),
        ("source = \".\"", true),
        ("module = \"app:app\"\ncomponent = \"later.wasm\"", true),
        ("module = \"app:app\"\ncomponent = \"a.wasm\"", false),
    ] {
        let mut manifest = read_text(&format!("[[app]]\n{text}")).unwrap();
        let app = manifest.apps.remove(0);
        assert_eq!(app.source.is_some(), is_source, "{text}");
        let is_reused = matches!(app.settings.isolation, Isolation::Reuse(_));
        assert_eq!(is_reused, is_source, "{text}");
    }
}

#[test]
fn a_middleware_with_source_is_one_too() {
    let front = |keys: &str| format!("[[app]]\ncomponent = 'a.wasm'\n[[app.middleware]]\n{keys}");
    let read = |keys: &str| read_text(&front(keys));
    let script = "source = 'front'\ncomponent = ";
    let manifest = read(&format!("{script}'later.wasm'")).unwrap();
    let app = &manifest.apps[0];
    assert!(app.source.is_none() && app.is_in_source());
    assert_eq!(app.middleware[0].settings.name, "a/front");
    let manifest = read(&format!("{script}'b.wasm'")).unwrap();
    assert!(!manifest.apps[0].is_in_source());
    assert_eq!(manifest.apps[0].middleware[0].settings.name, "a/b");

    let none = read("source = 'none'").unwrap_err();
    assert!(none.contains("wasgi.toml:4:10: "), "{none}");
    let python = read("module = 'app:app'").unwrap_err();
    let expected = "expected the source of a middleware, got that of an app in Python";
    assert!(python.contains(expected), "{python}");
}

#[test]
fn source_that_is_not_there_is_told_with_its_line() {
    let message = read_text("[[app]]\nmodule = \"none:app\"\nsource = \"data\"").unwrap_err();
    assert!(message.contains("wasgi.toml:2:10: "), "{message}");
    assert!(!message.contains("there is no file"), "{message}");
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

#[test]
fn a_missing_manifest_is_refused() {
    let message = read(Path::new("/none/wasgi.toml"), None, false)
        .wrong
        .to_string();
    assert_eq!(
        message,
        "error: cannot read /none/wasgi.toml: no such file or folder"
    );
}
