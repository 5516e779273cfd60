use std::collections::HashSet;
use std::fs;
use std::thread;

use rustix::process::Signal;

use crate::support::get;
use crate::support::site::{
    Site, answer, as_text, ill_version, release_of, version, wait_for_answer,
};

#[test]
fn a_deploy_is_served_and_can_be_rolled_back() {
    let site = Site::of_version(1);
    let host = site.serve();
    let second = site.deploy(2, &[]);
    assert_eq!(host.get("/").text(), answer(2));
    let third = site.deploy(3, &[]);
    assert_eq!(host.get("/").text(), answer(3));
    let releases = site.succeed(&["releases", "app"]);
    for id in [&release_of(&version(1)), &second, &third] {
        assert!(releases.contains(id.as_str()), "{id} is not in {releases}");
    }
    site.succeed(&["rollback", "app"]);
    assert_eq!(host.get("/").text(), answer(2));
    site.succeed(&["rollback", "app"]);
    assert_eq!(host.get("/").text(), answer(1));
    site.succeed(&["rollback", "app", &third[..6]]);
    assert_eq!(host.get("/").text(), answer(3));
    let apps = site.succeed(&["apps"]);
    assert!(apps.contains("app") && apps.contains(&third), "{apps}");
}

#[test]
fn the_last_release_is_served_after_the_host_was_killed() {
    let site = Site::of_version(1);
    let host = site.serve();
    site.deploy(2, &[]);
    host.kill();
    let host = site.serve();
    assert_eq!(host.get("/").text(), answer(2), "the deploy holds");
    site.succeed(&["rollback", "app"]);
    host.kill();
    let host = site.serve();
    assert_eq!(host.get("/").text(), answer(1), "the rollback holds");
    host.kill();
    site.put("app.wasm", &version(3));
    let host = site.serve();
    assert_eq!(host.get("/").text(), answer(3), "the file changed since");
    host.kill();
    site.put("app.wasm", b"half");
    let host = site.serve();
    assert_eq!(
        host.get("/").text(),
        answer(3),
        "what is there cannot be served"
    );
    fs::remove_file(site.path("app.wasm")).unwrap();
    assert_eq!(host.get("/").text(), answer(3));
}

#[test]
fn what_is_refused_leaves_the_release_and_says_why() {
    let site = Site::new("[[app]]\nname = 'app'\ncomponent = 'app.wasm'\nhealth = '/health'\n");
    site.put("app.wasm", &version(1));
    let host = site.serve();
    let file = site.path("new.wasm");
    let deploy = ["deploy", "app", as_text(&file)];
    for (bytes, why) in [
        (&b"no component"[..], "not WebAssembly"),
        (&version(2)[..60_000], "not valid"),
        (&ill_version(3), "health check /health"),
    ] {
        fs::write(&file, bytes).unwrap();
        let message = site.fail(&deploy);
        assert!(message.contains(why), "{why} is not in {message}");
        assert_eq!(host.get("/").text(), answer(1));
    }
    assert!(
        site.fail(&["deploy", "none", as_text(&file)])
            .contains("app")
    );
    assert!(
        site.fail(&["rollback", "app", "0123456789ab"])
            .contains("0123456789ab")
    );
    assert!(
        site.fail(&["rollback", "app"])
            .contains("replaced no other")
    );
    assert_eq!(
        site.succeed(&["releases", "app"]).matches("\n").count(),
        2,
        "a head and a line"
    );
}

#[test]
fn a_state_folder_that_cannot_be_written_to_leaves_the_release() {
    let site = Site::of_version(1);
    let host = site.serve();
    site.deploy(2, &[]);
    // Permissions do not hold for root, whom tests may run as; a file in a folder's place does.
    fs::rename(site.state().join("blobs"), site.path("blobs")).unwrap();
    fs::write(site.state().join("blobs"), b"").unwrap();
    let file = site.path("new.wasm");
    fs::write(&file, version(3)).unwrap();
    let message = site.fail(&["deploy", "app", as_text(&file)]);
    assert!(message.contains("blobs"), "{message}");
    assert_eq!(host.get("/").text(), answer(2));
    fs::remove_file(site.state().join("blobs")).unwrap();
    fs::rename(site.path("blobs"), site.state().join("blobs")).unwrap();
    site.deploy(3, &[]);
    assert_eq!(host.get("/").text(), answer(3));
}

#[test]
fn ten_deploys_at_once_are_ten_releases() {
    let site = Site::of_version(0);
    let host = site.serve();
    thread::scope(|scope| {
        for number in 1..=10 {
            let site = &site;
            scope.spawn(move || site.deploy(number, &[]));
        }
    });
    let text = host.get("/").text().to_owned();
    assert!((1..=10).any(|number| text == answer(number)), "{text}");
    let releases = site.succeed(&["releases", "app"]);
    let kept = (0..=10).filter(|&number| releases.contains(&release_of(&version(number))));
    assert_eq!(kept.count(), 10, "ten are kept of eleven: {releases}");
    host.kill();
    assert_eq!(site.serve().get("/").text(), text);
}

#[test]
fn a_share_of_the_requests_goes_to_a_second_release() {
    let site = Site::of_version(1);
    let host = site.serve();
    site.deploy(2, &["--percent", "50", "--sticky", "none"]);
    let answers: HashSet<_> = (0..100).map(|_| host.get("/").text().to_owned()).collect();
    assert_eq!(answers, HashSet::from([answer(1), answer(2)]));
    site.succeed(&["split", "app", "--end"]);
    assert!((0..20).all(|_| host.get("/").text() == answer(1)));
}

#[test]
fn a_client_stays_with_its_release() {
    let site = Site::of_version(1);
    let host = site.serve();
    let second = site.deploy(2, &["--percent", "50", "--sticky", "cookie"]);
    for _ in 0..10 {
        let response = host.get("/");
        let cookie = response.field("set-cookie").expect("a cookie").to_owned();
        let pair = cookie.split(';').next().unwrap();
        assert_eq!(
            pair.ends_with(&second),
            response.text() == answer(2),
            "{cookie}"
        );
        let again = host.send(format!(
            "GET / HTTP/1.1\r\nhost: test\r\ncookie: a=b; {pair}\r\n\r\n"
        ));
        assert_eq!(again.text(), response.text());
        assert_eq!(again.field("set-cookie"), None);
    }
    site.succeed(&["split", "app", &second, "60", "--sticky", "client"]);
    let first = host.get("/").text().to_owned();
    assert!((0..20).all(|_| host.get("/").text() == first));
    host.kill();
    let host = site.serve();
    let answers: HashSet<_> = (0..5).map(|_| host.get("/").text().to_owned()).collect();
    assert_eq!(answers.len(), 1, "the split holds after a restart");
}

#[test]
fn requests_go_on_while_releases_change() {
    let site = Site::of_version(0);
    let host = site.serve();
    let mut running = host.connect();
    running.send(get("/?ms=300"));
    site.deploy(1, &[]);
    assert_eq!(running.response().text(), answer(0));
    site.put("app.wasm", &version(5));
    wait_for_answer(&host, "/", &answer(5), &answer(1));
    site.succeed(&["rollback", "app"]);
    assert_eq!(host.get("/").text(), answer(1));
    host.signal(Signal::TERM);
    host.finish();
}
