//! Every key, read into what it stands for.

use std::time::Duration;

use wasgi_gateway::{Access, AppSettings, CgiForm, Isolation, Limits, Reuse, WEIGHT_DEFAULT};
use wasgi_server::{AccessLog, Config, ConnectionLimits, Found, Routes};

use super::read_text;
use crate::plan::{CompileSettings, Hosting, LoadChoice, PlannedApp};

const EVERY_KEY: &str = r#"
[server]
listen = ["127.0.0.1:1", "[::1]:2"]
access-log = "json"
drain = "0s"
upgrade-wait = "9s"
state = "state"
default = "shop"
load = "lazy"
app-idle = "10m"
releases = 7
[server.compile]
memory = "2GiB"
cpu = "5m"
wall = "2m"
processes = 3
[server.limits]
request-head = "16KiB"
request-fields = 10
head-wait = "1s"
keep-alive = "2s"
write-stall = "3s"
connections = 4
[build]
module = "shop:app"
output = "out/shop.wasm"
requirements = "locked.txt"
wheels = "wheels"
warm = ["/", "/items?page=2"]
include = ["data/*.db"]
env = { MODE = "built" }
[[app]]
name = "shop"
component = "a.wasm"
host = ["shop.example", "*.shop.example"]
path = ["/shop/", "/items/{id}"]
health = "/healthz"
weight = 300
middleware = ["b.wasm", { component = "b.wasm", name = "cors", env = { A = "B" } }]
isolation = "reuse"
args = ["x", "y"]
crypto = false
tmp = "14MiB"
[app.reuse]
requests = 5
idle = "6s"
memory = "7MiB"
concurrency-per-instance = 8
[app.limits]
memory = "1MiB"
cpu = "2s"
wall = "3s"
idle = "4s"
request-body = 5
response-head = "6KiB"
response-fields = 7
concurrency = 8
queue = 0
queue-wait = "10ms"
host-call = "11MiB"
kdf-memory = "13MiB"
log = "12KiB"
[app.env]
GREETING = "hello"
[app.cgi]
nph = true
[[app.dir]]
host = "./data"
guest = "/data/"
access = "read-write"
[[redirect]]
host = "old.example"
from = "/old/{id}"
to = "/new/{id}"
status = 301
"#;

fn app() -> PlannedApp {
    let mut manifest = read_text(EVERY_KEY).unwrap();
    assert_eq!(manifest.apps.len(), 1);
    manifest.apps.remove(0)
}

#[test]
fn every_key_of_the_server_is_read() {
    let manifest = read_text(EVERY_KEY).unwrap();
    let seconds = Duration::from_secs;
    assert_eq!(
        manifest.listen,
        ["127.0.0.1:1".parse().unwrap(), "[::1]:2".parse().unwrap()]
    );
    assert_eq!(
        manifest.server,
        Config {
            limits: ConnectionLimits {
                request_head: 16 * 1024,
                request_fields: 10,
                head_wait: seconds(1),
                keep_alive: seconds(2),
                write_stall: seconds(3),
                connections: 4,
            },
            access_log: AccessLog::Json,
            expose_errors: false,
            drain: Duration::ZERO,
            upgrade_wait: seconds(9),
        }
    );
    let mut hosting = manifest.hosting;
    assert!(
        hosting
            .state
            .take()
            .is_some_and(|state| state.is_absolute())
    );
    assert_eq!(
        hosting,
        Hosting {
            state: None,
            default: Some("shop".to_owned()),
            load: Some(LoadChoice::Lazy),
            app_idle: Some(seconds(600)),
            releases: Some(7),
            compile: CompileSettings {
                memory: Some(2 << 30),
                cpu: Some(seconds(300)),
                wall: Some(seconds(120)),
                processes: Some(3),
            },
        }
    );
}

#[test]
fn every_key_of_an_app_is_read() {
    let app = app();
    let seconds = Duration::from_secs;
    let dirs = app.settings.dirs.clone();
    assert!(dirs[0].host.is_absolute());
    assert_eq!(
        (&*dirs[0].guest, dirs[0].access),
        ("/data", Access::ReadWrite)
    );
    let expected = AppSettings {
        weight: WEIGHT_DEFAULT,
        name: "shop".to_owned(),
        isolation: Isolation::Reuse(Reuse {
            requests: 5,
            idle: seconds(6),
            memory: 7 << 20,
            concurrency: 8,
            ..Reuse::DEFAULT
        }),
        limits: Limits {
            memory: 1 << 20,
            cpu: seconds(2),
            wall: seconds(3),
            idle: seconds(4),
            request_body: 5,
            response_head: 6 << 10,
            response_fields: 7,
            concurrency: 8,
            queue: 0,
            queue_wait: Duration::from_millis(10),
            host_call: 11 << 20,
            kdf_memory: 13 << 20,
            log: 12 << 10,
        },
        env: vec![("GREETING".to_owned(), "hello".to_owned())],
        args: vec!["x".to_owned(), "y".to_owned()],
        dirs,
        tmp: Some(14 << 20),
        crypto: false,
        cgi: CgiForm::Nph,
    };
    assert_eq!(app.settings, expected);
    assert_eq!((app.health.as_deref(), app.weight), (Some("/healthz"), 300));
    assert_eq!(
        app.place.map(|place| (place.line, place.column)),
        Some((34, 13))
    );
}

#[test]
fn every_host_has_every_path() {
    let app = app();
    let routes: Vec<_> = app.routes.iter().map(ToString::to_string).collect();
    let expected = [
        "shop.example/shop",
        "shop.example/items/{id}",
        "*.shop.example/shop",
        "*.shop.example/items/{id}",
    ];
    assert_eq!(routes, expected);
}

#[test]
fn a_middleware_is_a_name_or_a_table() {
    let app = app();
    let [auth, cors] = &app.middleware[..] else {
        panic!("expected two middlewares")
    };
    assert_eq!(auth.settings, AppSettings::new("shop/b"));
    assert!(auth.component.ends_with("b.wasm"));
    assert_eq!(cors.settings.name, "cors");
    assert_eq!(cors.settings.env, [("A".to_owned(), "B".to_owned())]);
    assert_eq!(cors.place.as_ref().map(|place| place.column), Some(39));
}

#[test]
fn a_redirect_is_read() {
    let manifest = read_text(EVERY_KEY).unwrap();
    let table = Routes::<()>::build(Vec::new(), manifest.redirects, None).unwrap();
    let found = table.find(Some("old.example"), "/old/7", None);
    let Some(Found::Redirect { status, location }) = found else {
        panic!("expected a redirect, got {found:?}")
    };
    assert_eq!(
        (status.as_u16(), location.as_bytes()),
        (301, &b"/new/7"[..])
    );
}

#[test]
fn every_key_of_a_build_is_read() {
    let built = read_text(EVERY_KEY).unwrap().build;
    assert_eq!(built.output.unwrap().to_str(), Some("out/shop.wasm"));
    let settings = built.settings;
    assert_eq!(settings.module.as_deref(), Some("shop:app"));
    assert_eq!(settings.requirements.unwrap().to_str(), Some("locked.txt"));
    assert_eq!(settings.wheels.unwrap().to_str(), Some("wheels"));
    assert_eq!(settings.warm.unwrap(), ["/", "/items?page=2"]);
    assert_eq!(settings.include, ["data/*.db"]);
    assert_eq!(settings.env["MODE"], "built");
    assert_eq!(
        read_text("[[app]]\ncomponent = \"a.wasm\"")
            .unwrap()
            .build
            .settings
            .warm,
        None
    );
}
