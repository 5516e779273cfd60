use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use serde_json::Value;

use crate::support::host::run;
use crate::support::output::PATIENCE;
use crate::support::site::{Site, answer, as_text, version};
use crate::support::{Host, guests};

/// Send these bytes to the host of a site, and return the status, the head and the JSON.
fn send(site: &Site, request: &[u8]) -> (u16, String, Value) {
    let mut stream = UnixStream::connect(site.state().join("admin.sock")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    let response = String::from_utf8(response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let json = serde_json::from_str(body).unwrap_or(Value::Null);
    (status, head.to_ascii_lowercase(), json)
}

fn request(method: &str, target: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("{method} {target} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn ask(site: &Site, method: &str, target: &str, body: &[u8]) -> (u16, Value) {
    let (status, _, json) = send(site, &request(method, target, body));
    (status, json)
}

/// Wait until only the components of so many releases are kept.
fn wait_for_blobs(site: &Site, expected: usize) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = fs::read_dir(site.state().join("blobs")).unwrap().count();
        if found == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{found} files are left");
        ask(site, "GET", "/status", b"");
    }
}

#[test]
fn the_socket_is_its_owners_alone_and_no_listener_leads_there() {
    let site = Site::new("[[app]]\nname = 'app'\ncomponent = 'app.wasm'\npath = '/app'\n");
    site.put("app.wasm", &version(1));
    let host = site.serve();
    for (name, mode) in [("", 0o700), ("admin.sock", 0o600)] {
        let found = fs::metadata(site.state().join(name)).unwrap();
        assert_eq!(found.permissions().mode() & 0o777, mode, "{name:?}");
    }
    for target in ["/status", "/apps", "/openapi.json", "/apps/app/releases"] {
        assert_eq!(host.get(target).status, 404, "{target}");
    }
}

#[test]
fn every_path_is_as_it_is_described() {
    let site = Site::of_version(1);
    let _host = site.serve();
    let (status, document) = ask(&site, "GET", "/openapi.json", b"");
    assert_eq!(status, 200);
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 7, "{document:#}");
    for (path, operations) in paths {
        let target = path.replace("{app}", "app");
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let is_described = operations.get(method.to_ascii_lowercase()).is_some();
            if is_described && method != "GET" {
                continue;
            }
            let (status, head, json) = send(&site, &request(method, &target, b""));
            let expected = if is_described { 200 } else { 405 };
            assert_eq!(status, expected, "{method} {target}: {json}");
            assert_eq!(head.contains("\r\nallow: "), !is_described, "{head}");
            assert!(!json.is_null(), "{method} {target}");
        }
    }
}

#[test]
fn a_host_tells_what_it_serves() {
    let site = Site::of_version(1);
    let host = site.serve();
    assert_eq!(host.get("/").text(), answer(1));
    let (status, json) = ask(&site, "GET", "/status", b"");
    assert_eq!((status, &json["trouble"]), (200, &Value::Null));
    assert_eq!(json["listen"][0], host.address().to_string());
    assert_eq!(json["state"], as_text(&site.state()));
    let shown: Value = serde_json::from_str(&site.succeed(&["status", "--json"])).unwrap();
    assert_eq!(shown, json);
    let (_, apps) = ask(&site, "GET", "/apps", b"");
    assert_eq!(apps, json["apps"]);
    let (_, app) = ask(&site, "GET", "/apps/%61pp", b"");
    assert_eq!(app, apps[0]);
    assert_eq!(
        (&app["name"], &app["is-loaded"]),
        (&"app".into(), &true.into())
    );
}

#[test]
fn a_component_is_deployed_over_http() {
    let site = Site::of_version(1);
    let host = site.serve();
    let deploy = "/apps/app/releases?file-name=two.wasm";
    let (status, second) = ask(&site, "POST", deploy, &version(2));
    assert_eq!(
        (status, &second["is-active"]),
        (201, &true.into()),
        "{second}"
    );
    assert_eq!(second["origin"], "deployed as two.wasm");
    assert_eq!(host.get("/").text(), answer(2));

    let share = format!("{deploy}&percent=1&sticky=client");
    let (status, third) = ask(&site, "POST", &share, &version(3));
    assert_eq!((status, &third["percent"]), (201, &1.into()), "{third}");
    let (status, app) = ask(&site, "DELETE", "/apps/app/split", b"");
    assert_eq!((status, &app["split"]), (200, &Value::Null), "{app}");
    let body = format!("{{\"release\": {}, \"percent\": 7}}", third["id"]);
    let (status, app) = ask(&site, "PUT", "/apps/app/split", body.as_bytes());
    assert_eq!(
        (status, &app["split"]["percent"]),
        (200, &7.into()),
        "{app}"
    );

    let (status, first) = ask(&site, "POST", "/apps/app/rollback", b"{}");
    assert_eq!(status, 200, "{first}");
    assert_eq!(host.get("/").text(), answer(1));
    let (_, releases) = ask(&site, "GET", "/apps/app/releases", b"");
    assert_eq!(releases.as_array().unwrap().len(), 3, "{releases}");
}

#[test]
fn a_wrong_request_is_refused_with_a_reason() {
    let site = Site::of_version(1);
    let host = site.serve();
    assert_eq!(host.get("/").text(), answer(1));
    let long = vec![b' '; 64 * 1024 + 1];
    let (releases, rollback, split) = (
        "/apps/app/releases",
        "/apps/app/rollback",
        "/apps/app/split",
    );
    let ill = format!("{releases}?percent=100");
    let cases: [(&str, &str, &[u8], u16, &str); 15] = [
        ("GET", "/", b"", 404, "/"),
        ("GET", "/apps/none", b"", 404, "none"),
        ("GET", "/apps/%ff", b"", 400, "UTF-8"),
        ("GET", "/apps/none/releases", b"", 404, "app"),
        ("POST", "/apps/none/releases", b"component", 404, "none"),
        ("POST", "/apps/none/rollback", b"", 404, "none"),
        ("DELETE", "/apps/none/split", b"", 404, "none"),
        ("POST", releases, b"component", 422, "WebAssembly"),
        ("POST", &ill, b"component", 400, "percent"),
        ("POST", rollback, b"", 409, "replaced no other"),
        (
            "POST",
            rollback,
            b"{\"release\": \"0123456789ab\"}",
            404,
            "0123456789ab",
        ),
        ("POST", rollback, b"{\"relase\": \"0123\"}", 400, "relase"),
        ("POST", rollback, &long, 413, "JSON"),
        ("PUT", split, b"", 400, "JSON"),
        (
            "PUT",
            split,
            b"{\"release\": \"xyz\", \"percent\": 5}",
            400,
            "xyz",
        ),
    ];
    for (method, target, body, expected, why) in cases {
        let (status, json) = ask(&site, method, target, body);
        assert_eq!(status, expected, "{method} {target}: {json}");
        let error = json["error"].as_str().unwrap();
        assert!(error.contains(why), "{why} is not in {error}");
    }
    wait_for_blobs(&site, 1);
    assert_eq!(host.get("/").text(), answer(1));
}

#[test]
fn a_component_that_is_too_large_is_refused_before_it_comes() {
    let site = Site::of_version(1);
    let _host = site.serve();
    let head = "POST /apps/app/releases HTTP/1.1\r\nhost: x\r\ncontent-length: 300000000\r\n\r\n";
    let (status, _, json) = send(&site, head.as_bytes());
    assert_eq!(status, 413, "{json}");
    let large = site.path("large.wasm");
    fs::File::create(&large)
        .unwrap()
        .set_len(300_000_000)
        .unwrap();
    let message = site.fail(&["deploy", "app", as_text(&large)]);
    assert!(message.contains("300000000"), "{message}");
}

#[test]
fn a_client_that_leaves_while_it_sends_leaves_nothing() {
    let site = Site::of_version(1);
    let host = site.serve();
    assert_eq!(host.get("/").text(), answer(1));
    wait_for_blobs(&site, 1);
    let head = "POST /apps/app/releases HTTP/1.1\r\nhost: x\r\ncontent-length: 9000000\r\n\r\n";
    let mut stream = UnixStream::connect(site.state().join("admin.sock")).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&vec![0; 2_000_000]).unwrap();
    wait_for_blobs(&site, 2);
    drop(stream);
    wait_for_blobs(&site, 1);
}

#[test]
fn a_killed_host_leaves_a_socket_that_the_next_one_replaces() {
    let site = Site::of_version(1);
    let host = site.serve();
    site.succeed(&["status"]);
    host.kill();
    assert!(site.state().join("admin.sock").exists());
    let message = site.fail(&["status"]);
    assert!(message.contains("no host is running"), "{message}");
    let host = site.serve();
    assert!(site.succeed(&["status"]).contains("app"));
    host.stop();
    site.fail(&["status"]);
}

#[test]
fn a_state_folder_may_lie_deep() {
    let site = Site::of_version(1);
    let manifest = site.path("wasgi.toml");
    let state = site.path(&format!("{}/{}", "d".repeat(120), "e".repeat(120)));
    fs::create_dir_all(state.parent().unwrap()).unwrap();
    let (manifest, state) = (as_text(&manifest), as_text(&state));
    let _host = Host::serve(&["--config", manifest, "--state", state]);
    let end = run(&["apps", "--state", state]);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.stdout.contains("app"), "{end:?}");
}

#[test]
fn a_host_is_found_by_what_it_serves() {
    let site = Site::of_version(1);
    let manifest = site.path("wasgi.toml");
    let (manifest, folder) = (as_text(&manifest), site.path(""));
    let host = Host::serve(&[as_text(&folder)]);
    let end = run(&["status", "--config", manifest]);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.stdout.contains(&host.address().to_string()), "{end:?}");
    let end = run(&["status", "--config", as_text(&site.path("none.toml"))]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.contains("none.toml"), "{end:?}");
}

/// Run a command in a folder, for a user whose hosts keep their state below `xdg`.
fn run_in(folder: &Path, xdg: &Path, args: &[&str]) -> (bool, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_wasgi"))
        .args(args)
        .current_dir(folder)
        .env("XDG_STATE_HOME", xdg)
        .output()
        .unwrap();
    let text = String::from_utf8([stdout, stderr].concat()).unwrap();
    (status.success(), text)
}

#[test]
fn the_only_host_is_found_and_several_are_listed() {
    let site = Site::new("");
    let xdg = site.path("xdg");
    fs::create_dir_all(site.path("empty")).unwrap();
    fs::create_dir_all(xdg.join("wasgi/stale")).unwrap();
    let status = || run_in(&site.path("empty"), &xdg, &["status"]);
    let serve = |guest: &str| {
        let state = xdg.join("wasgi").join(guest);
        Host::serve(&[
            guests::path(guest).to_str().unwrap(),
            "--state",
            as_text(&state),
        ])
    };
    let (is_found, text) = status();
    assert!(!is_found && text.contains("no host is running"), "{text}");
    let hello = serve("hello");
    let (is_found, text) = status();
    assert!(
        is_found && text.contains(&hello.address().to_string()),
        "{text}"
    );
    let count = serve("count");
    let (is_found, text) = status();
    assert!(
        !is_found && text.contains("error: 2 hosts are running"),
        "{text}"
    );
    for host in [&hello, &count] {
        assert!(text.contains(&host.address().to_string()), "{text}");
    }
    site.put("wasgi.toml", b"[server]\nstate = 'xdg/wasgi/count'\n");
    let (is_found, text) = run_in(&site.path(""), &xdg, &["status"]);
    assert!(
        is_found && text.contains(&count.address().to_string()),
        "{text}"
    );
    hello.kill();
    let (is_found, text) = status();
    assert!(
        is_found && text.contains(&count.address().to_string()),
        "{text}"
    );
}
