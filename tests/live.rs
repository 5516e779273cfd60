use std::fs;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::support::site::{
    Site, answer, ill_version, version, wait_for_answer, wait_for_response,
};
use crate::support::{Host, get, guests};

#[test]
fn a_replaced_file_is_served_and_running_requests_end_on_the_old_one() {
    let site = Site::of_version(1);
    let host = site.serve();
    let mut running = host.connect();
    running.send(get("/?ms=500"));
    site.put("app.wasm", &version(2));
    wait_for_answer(&host, "/", &answer(2), &answer(1));
    assert_eq!(running.response().text(), answer(1));
}

#[test]
fn a_file_written_in_place_is_served_when_it_is_complete() {
    let site = Site::of_version(1);
    let host = site.serve();
    let bytes = version(2);
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    let mut file = fs::File::create(site.path("app.wasm")).unwrap();
    file.write_all(first).unwrap();
    assert_eq!(host.get("/").text(), answer(1));
    file.write_all(rest).unwrap();
    drop(file);
    wait_for_answer(&host, "/", &answer(2), &answer(1));
    assert!(
        !host.stderr().text().contains("ERROR"),
        "{}",
        host.stderr().text()
    );
}

/// Put something in the file's place, wait for the log to say why it is not served, and expect the
/// version before to stay.
fn stays(site: &Site, host: &Host, file: &str, bytes: &[u8], why: &[&str]) {
    site.put(file, bytes);
    let line = host.stderr().wait_for(why);
    assert!(line.contains("ERROR"), "{line}");
    assert_eq!(host.get("/").text(), answer(1));
    let status = site.succeed(&["status"]);
    assert!(why.iter().all(|part| status.contains(part)), "{status}");
}

#[test]
fn what_cannot_be_served_never_takes_a_request() {
    let site = Site::new("[[app]]\nname = 'app'\ncomponent = 'app.wasm'\nhealth = '/health'\n");
    site.put("app.wasm", &version(1));
    let host = site.serve();
    let half = &version(2)[..50_000];
    stays(&site, &host, "app.wasm", half, &["app.wasm", "not valid"]);
    stays(&site, &host, "app.wasm", b"", &["app.wasm", "empty"]);
    let ill = ill_version(3);
    stays(
        &site,
        &host,
        "app.wasm",
        &ill,
        &["health check /health", "500"],
    );
    let grown = fs::read(guests::path("unknown-import")).unwrap();
    stays(&site, &host, "app.wasm", &grown, &["app.wasm", "imports"]);
    fs::remove_file(site.path("app.wasm")).unwrap();
    host.stderr()
        .wait_for(&["ERROR", "cannot read", "app.wasm"]);
    assert_eq!(host.get("/").text(), answer(1));
    site.put("app.wasm", &version(4));
    wait_for_answer(&host, "/", &answer(4), &answer(1));
    let status = site.succeed(&["status"]);
    assert!(!status.contains("cannot read"), "{status}");
}

#[test]
fn a_changed_manifest_takes_effect() {
    let one = "[[app]]\nname = 'app'\ncomponent = 'app.wasm'\n";
    let site = Site::of_version(1);
    site.put("other.wasm", &version(9));
    let host = site.serve();
    let two =
        format!("{one}path = '/app'\n[[app]]\nname = 'b'\ncomponent = 'other.wasm'\npath = '/b'\n");
    site.put("wasgi.toml", two.as_bytes());
    wait_for_response(&host, "/b", |response| {
        response.status == 200 && response.text() == answer(9)
    });
    assert_eq!(host.get("/app").text(), answer(1));
    assert_eq!(host.get("/").status, 404);
    site.put("wasgi.toml", one.as_bytes());
    wait_for_response(&host, "/", |response| response.status == 200);
    assert_eq!(host.get("/b").text(), answer(1));
}

#[test]
fn a_wrong_manifest_changes_nothing_and_is_told_with_its_line() {
    let site = Site::of_version(1);
    let host = site.serve();
    for (manifest, why) in [
        (
            "[[app]]\nname = 'app'\ncomponnt = 'app.wasm'\n",
            "did you mean `component`",
        ),
        ("[[app", "wasgi.toml:1"),
        (
            "[[app]]\nname = 'app'\ncomponent = 'app.wasm'\n\
             [[app]]\nname = 'b'\ncomponent = 'app.wasm'\n",
            "wasgi.toml:6",
        ),
    ] {
        site.put("wasgi.toml", manifest.as_bytes());
        host.stderr().wait_for(&[why]);
        assert_eq!(host.get("/").text(), answer(1), "{manifest}");
        let status = site.succeed(&["status"]);
        assert!(status.contains(why), "{why} is not in {status}");
    }
    site.put(
        "wasgi.toml",
        b"[[app]]\nname = 'app'\ncomponent = 'app.wasm'\npath = '/a'\n",
    );
    wait_for_response(&host, "/a", |response| response.status == 200);
}

#[test]
fn a_new_file_in_a_folder_is_a_new_app() {
    let site = Site::new("");
    fs::remove_file(site.path("wasgi.toml")).unwrap();
    site.put("a.wasm", &version(1));
    let folder = site.path("");
    let state = site.state();
    let host = Host::serve(&[folder.to_str().unwrap(), "--state", state.to_str().unwrap()]);
    assert_eq!(host.get("/a").text(), answer(1));
    assert_eq!(host.get("/b").status, 404);
    site.put("b.wasm", &version(2));
    let response = wait_for_response(&host, "/b", |response| response.status == 200);
    assert_eq!(response.text(), answer(2));
    assert_eq!(host.get("/a").text(), answer(1));
    fs::remove_file(site.path("a.wasm")).unwrap();
    host.stderr().wait_for(&["ERROR", "stays", "a.wasm"]);
    site.put("c.wasm", &version(3));
    wait_for_response(&host, "/c", |response| response.status == 200);
    assert_eq!(host.get("/a").text(), answer(1));
}

#[test]
fn reloads_under_load_lose_no_request_and_leak_nothing() {
    const RELOADS: u32 = 60;
    // Instances that wait for another request keep their memory: few of them are soon all used.
    let site =
        Site::new("[[app]]\nname = 'app'\ncomponent = 'app.wasm'\nlimits = { concurrency = 8 }\n");
    site.put("app.wasm", &version(0));
    let host = site.serve();
    let swap = |number: u32| {
        site.put("app.wasm", &version(number % 4));
        wait_for_response(&host, "/", |response| {
            assert_eq!(response.status, 200);
            response.text() == answer(number % 4)
        });
    };
    (1..=40).for_each(swap);
    let before = (host.mappings(), host.descriptors().len());
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut connection = host.connect();
                while !is_over.load(Ordering::Relaxed) {
                    connection.send(get("/?ms=1"));
                    let response = connection.response();
                    assert_eq!(response.status, 200, "{}", response.text());
                    assert!(response.text().starts_with("version-"));
                }
            });
        }
        (1..=RELOADS).for_each(swap);
        is_over.store(true, Ordering::Relaxed);
    });
    // Some of both come and go with the threads and the instances that the pool keeps warm.
    let slack = RELOADS as usize / 2;
    let after = (host.mappings(), host.descriptors().len());
    assert!(
        after.0 < before.0 + slack && after.1 < before.1 + slack,
        "{before:?} {after:?}"
    );
}
