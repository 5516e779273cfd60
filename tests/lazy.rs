use std::fs;
use std::time::Instant;

use crate::support::output::PATIENCE;
use crate::support::site::{Site, answer, version, wait_for_response};

/// Wait until the host says of its one app that it is in memory, or that it is not.
fn wait_for_state(site: &Site, state: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let apps = site.succeed(&["apps"]);
        if apps.lines().nth(1).unwrap().contains(state) {
            return;
        }
        assert!(Instant::now() < deadline, "not {state}: {apps}");
    }
}

#[test]
fn an_app_is_loaded_by_its_first_request_and_let_go_without_any() {
    let site = Site::new(
        "[server]\nload = 'lazy'\napp-idle = '1s'\n\
         [[app]]\nname = 'app'\ncomponent = 'app.wasm'\n",
    );
    site.put("app.wasm", &version(1));
    let host = site.serve();
    wait_for_state(&site, "idle");
    for _ in 0..2 {
        assert_eq!(host.get("/").text(), answer(1));
        wait_for_state(&site, "loaded");
        wait_for_state(&site, "idle");
    }
    // What was let go is what is loaded again, and not the file.
    fs::remove_file(site.path("app.wasm")).unwrap();
    assert_eq!(host.get("/").text(), answer(1));
}

#[test]
fn an_app_that_cannot_be_loaded_is_alone_in_it() {
    let site = Site::new(
        "[server]\nload = 'lazy'\n\
         [[app]]\nname = 'app'\ncomponent = 'app.wasm'\n\
         [[app]]\nname = 'bad'\ncomponent = 'bad.wasm'\npath = '/bad'\n",
    );
    site.put("app.wasm", &version(1));
    site.put("bad.wasm", b"no component");
    let host = site.serve();
    let response = host.get("/bad");
    assert_eq!(response.status, 503);
    assert!(response.field("retry-after").is_some());
    host.stderr().wait_for(&["not-loaded", "not WebAssembly"]);
    assert_eq!(host.get("/").text(), answer(1));
    assert!(site.succeed(&["status"]).contains("not WebAssembly"));
    site.put("bad.wasm", &version(2));
    let mended = wait_for_response(&host, "/bad", |response| response.status == 200);
    assert_eq!(mended.text(), answer(2));
}
