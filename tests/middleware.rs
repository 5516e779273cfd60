use crate::support::site::Site;
use crate::support::{Host, get, guests, post};

/// A host whose app `guest` has this middleware before it, each with more of its table.
fn behind(middleware: &[(&str, &str)], guest: &str, more: &str) -> (Site, Host) {
    let component = guests::path(guest);
    let mut manifest = format!(
        "[[app]]\nname = 'app'\npath = '/app'\ncomponent = '{}'\n{more}\n",
        component.display()
    );
    for (name, more) in middleware {
        let component = guests::path(name);
        manifest += &format!(
            "[[app.middleware]]\nname = '{name}'\ncomponent = '{}'\n{more}\n",
            component.display()
        );
    }
    let site = Site::new(&manifest);
    let host = site.serve();
    (site, host)
}

/// The guests that echo a body, one a contract.
const ECHOES: [&str; 5] = [
    "echo",
    "http02-echo",
    "http03-echo",
    "cgi-echo",
    "cgi1-echo",
];

#[test]
fn a_middleware_stands_before_every_contract() {
    for guest in ECHOES {
        for isolation in ["request", "reuse"] {
            let isolation = format!("isolation = '{isolation}'");
            let (_site, host) = behind(
                &[("mw-pass", &isolation), ("mw-upper", &isolation)],
                guest,
                &isolation,
            );
            for _ in 0..3 {
                let response = host.send(post("/app/x", "some words"));
                assert_eq!(
                    (response.status, response.text()),
                    (200, "SOME WORDS"),
                    "{guest}"
                );
            }
        }
    }
}

#[test]
fn the_first_is_the_outermost() {
    let (_site, host) = behind(&[("mw-header", ""), ("mw-answer", "")], "hello", "");
    let response = host.get("/app");
    assert_eq!(response.text(), "the middleware's answer\n");
    assert_eq!(response.field("x-mw-response"), Some("1"));
    let (_site, host) = behind(&[("mw-answer", ""), ("mw-header", "")], "hello", "");
    assert_eq!(host.get("/app").field("x-mw-response"), None);
}

#[test]
fn what_it_changes_reaches_the_app() {
    let (_site, host) = behind(&[("mw-header", ""), ("mw-path", "")], "environ", "");
    let text = host.get("/app/one/two?request=seen").text().to_owned();
    for line in [
        "script-name=/app/one",
        "path-info=/two",
        "header x-mw-request=seen",
    ] {
        assert!(
            text.lines().any(|other| other == line),
            "no {line} in {text}"
        );
    }
}

#[test]
fn each_has_its_own_grants_alone() {
    let folder = std::env::temp_dir();
    let granted = format!(
        "env = {{ MINE = 'yes' }}\nargs = ['one']\n\
         dir = [{{ host = '{}', guest = '/mine' }}]",
        folder.display()
    );
    let theirs = "env = { APP = 'yes' }";
    let (_site, host) = behind(&[("mw-environ", &granted)], "env", theirs);
    let text = host.get("/app").text().to_owned();
    assert!(
        text.contains("MINE=yes") && text.contains("folder /mine"),
        "{text}"
    );
    assert!(!text.contains("APP="), "{text}");
    let text = host.get("/app?next").text().to_owned();
    assert!(text.contains("APP=yes") && !text.contains("MINE"), "{text}");
    let (_site, host) = behind(&[("mw-environ", "")], "env", theirs);
    let text = host.get("/app").text().to_owned();
    assert!(
        !text.contains('=') || text.lines().all(|line| line.starts_with("arg ")),
        "{text}"
    );
}

#[test]
fn its_failures_are_its_own() {
    let (_site, host) = behind(&[("mw-trap", "")], "ticks", "");
    for place in ["before", "after"] {
        assert_eq!(host.get(&format!("/app?trap={place}")).status, 502);
    }
    assert!(!host.get("/app?trap=mid-body&count=3&ms=1").is_complete);
    assert_eq!(host.get("/app?count=2&ms=1").text().lines().count(), 2);
    host.stderr().wait_for(&["mw_trap", "deliberate_trap"]);

    let (_site, host) = behind(&[("mw-pass", ""), ("mw-swallow", "")], "trap", "");
    let response = host.get("/app");
    assert_eq!(response.status, 200);
    assert!(
        response.text().starts_with("swallowed: "),
        "{}",
        response.text()
    );

    let (_site, host) = behind(
        &[("mw-pass", "")],
        "collect",
        "limits = { request-body = 3 }",
    );
    assert_eq!(host.send(post("/app", "four")).status, 413);
    let (_site, host) = behind(&[("mw-half", "")], "echo", "");
    let response = host.send(post("/app", "four"));
    assert_eq!(
        (response.status, response.text()),
        (200, "r"),
        "the first three are read"
    );
}

#[test]
fn its_cpu_time_is_its_own() {
    let limits = "[app.middleware.limits]\ncpu = '200ms'";
    let (_site, host) = behind(&[("mw-loop", limits)], "loop", "limits = { cpu = '10s' }");
    let response = host.get("/app?before=1&ms=600");
    assert_eq!(
        (response.status, response.text()),
        (200, "done\n"),
        "the app's time is not its"
    );
    assert_eq!(host.get("/app?before=60000").status, 504);
}

#[test]
fn a_file_in_the_wrong_place_is_refused() {
    let site = Site::new("");
    let hello = guests::path("hello");
    let pass = guests::path("mw-pass");
    for (manifest, why) in [
        (
            format!("[[app]]\ncomponent = '{}'\n", pass.display()),
            "it wraps another app",
        ),
        (
            format!(
                "[[app]]\ncomponent = '{0}'\nmiddleware = ['{0}']\n",
                hello.display()
            ),
            "does not import wasgi:gateway/app",
        ),
    ] {
        site.put("wasgi.toml", manifest.as_bytes());
        let manifest = site.path("wasgi.toml");
        let manifest = manifest.to_str().unwrap();
        for command in ["serve", "check"] {
            let end = crate::support::host::run(&[command, "--config", manifest]);
            assert_eq!(end.code, Some(1), "{command}: {}", end.stderr);
            let says_so = end.stderr.contains(why) || end.stderr.contains("middleware");
            assert!(says_so, "{command}: {}", end.stderr);
        }
    }
}

#[test]
fn a_changed_middleware_takes_effect() {
    let site = Site::new(&format!(
        "[[app]]\ncomponent = '{}'\nmiddleware = ['mw.wasm']\n",
        guests::path("hello").display()
    ));
    site.put("mw.wasm", &std::fs::read(guests::path("mw-pass")).unwrap());
    let host = site.serve();
    assert_eq!(host.get("/").text(), "hello\n");
    let mut running = host.connect();
    running.send(get("/"));
    let answering = std::fs::read(guests::path("mw-answer")).unwrap();
    site.put("mw.wasm", &answering);
    assert_eq!(running.response().status, 200);
    crate::support::site::wait_for_answer(&host, "/", "the middleware's answer\n", "hello\n");
    // The same bytes are no reason to load it again, nor is a manifest that is read again.
    site.put("mw.wasm", &answering);
    let manifest = std::fs::read_to_string(site.path("wasgi.toml")).unwrap();
    let other = format!(
        "[[app]]\nname = 'other'\npath = '/other'\ncomponent = '{}'\n",
        guests::path("hello").display()
    );
    site.put("wasgi.toml", (manifest + &other).as_bytes());
    crate::support::site::wait_for_answer(&host, "/other", "hello\n", "the middleware's answer\n");
    site.put("mw.wasm", b"no component");
    host.stderr()
        .wait_for(&["ERROR", "stays", "not WebAssembly"]);
    assert_eq!(host.get("/").text(), "the middleware's answer\n");
    let text = host.stderr().text();
    assert_eq!(text.matches("was loaded anew").count(), 1, "{text}");
}
