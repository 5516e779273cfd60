//! CPU time, places, time and depth: each app has its own, and what is dropped is given back.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use wasgi_gateway::{App, AppSettings, Kind, MIDDLEWARE_MAX};

use crate::support::*;

fn cpu(milliseconds: u64) -> impl FnOnce(&mut AppSettings) {
    move |settings| settings.limits.cpu = Duration::from_millis(milliseconds)
}

/// Room for one request.
fn one_place(settings: &mut AppSettings) {
    settings.limits.concurrency = 1;
    settings.limits.queue = 0;
    settings.limits.cpu = Duration::from_secs(60);
    settings.limits.wall = Duration::from_secs(60);
}

#[tokio::test]
async fn a_middleware_is_not_charged_for_the_apps_time() {
    for contract in CONTRACTS {
        for isolation in ISOLATIONS {
            let inner = app(&format!("{contract}loop"), isolation);
            let middle = wrap_limited("", isolation, inner, cpu(50));
            let app = wrap_limited("upper", isolation, middle, cpu(50));
            for _ in 0..2 {
                let answer = get(&app, "/?ms=200").await.unwrap();
                assert_eq!(answer.body, "DONE\n", "{contract}");
            }
        }
    }
}

#[tokio::test]
async fn each_is_held_to_its_own_cpu_time() {
    for contract in CONTRACTS {
        for isolation in ISOLATIONS {
            let name = format!("{contract}loop");
            let inner = limited(&name, isolation, cpu(50));
            let error = get(&pass(isolation, inner), "/").await.unwrap_err();
            assert_eq!(error.kind(), Kind::CpuLimit, "{name}");
            assert_eq!(error.app(), Some(&*name));
        }
    }
    let inner = limited("loop", ISOLATIONS[0], cpu(50));
    let error = get(&pass(ISOLATIONS[0], inner), "/?in=body").await;
    let error = error.unwrap_err();
    assert_eq!((error.kind(), error.app()), (Kind::CpuLimit, Some("loop")));
    let app = wrap_limited("spin", ISOLATIONS[0], app("hello", ISOLATIONS[0]), cpu(50));
    let error = get(&app, "/").await.unwrap_err();
    assert_eq!((error.kind(), error.app()), (Kind::CpuLimit, None));
}

#[tokio::test]
async fn an_app_that_waits_for_too_long_is_the_error() {
    for contract in CONTRACTS {
        let brief = |settings: &mut AppSettings| {
            settings.limits.wall = Duration::from_millis(50);
            settings.limits.idle = Duration::from_millis(50);
        };
        let name = format!("{contract}sleep");
        let app = pass(ISOLATIONS[0], limited(&name, ISOLATIONS[0], brief));
        let error = get(&app, "/").await.unwrap_err();
        assert_eq!((error.kind(), error.app()), (Kind::WallLimit, Some(&*name)));
        let error = get(&app, "/?in=body").await.unwrap_err();
        assert_eq!((error.kind(), error.app()), (Kind::IdleLimit, Some(&*name)));
    }
}

#[tokio::test]
async fn a_middlewares_own_time_includes_the_apps() {
    let brief = |settings: &mut AppSettings| {
        settings.limits.wall = Duration::from_millis(50);
        settings.limits.idle = Duration::from_millis(50);
    };
    let inner = limited("sleep", ISOLATIONS[0], one_place);
    let app = wrap_limited("", ISOLATIONS[0], inner, brief);
    for (target, kind) in [("/", Kind::WallLimit), ("/?in=body", Kind::IdleLimit)] {
        let error = get(&app, target).await.unwrap_err();
        assert_eq!((error.kind(), error.app()), (kind, None));
    }
}

#[tokio::test]
async fn an_app_without_room_is_overloaded() {
    let inner = limited("sleep", ISOLATIONS[0], one_place);
    let app = pass(ISOLATIONS[0], Arc::clone(&inner));
    let first = inner.call(request("/?in=body"), origin()).await.unwrap();
    let error = get(&app, "/?ms=1").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.app()),
        (Kind::Overloaded, Some("sleep"))
    );
    drop(first);
    assert_eq!(get(&app, "/?ms=1").await.unwrap().body, "woke\n");
}

#[tokio::test]
async fn dropping_a_call_ends_the_app() {
    for contract in CONTRACTS {
        for isolation in ISOLATIONS {
            let name = format!("{contract}sleep");
            let inner = limited(&name, isolation, one_place);
            let app = pass(isolation, pass(isolation, inner));
            // It sleeps for an hour: before its head, and after the first chunk.
            let call = app.call(request("/"), origin());
            let ended = tokio::time::timeout(Duration::from_millis(20), call).await;
            assert!(ended.is_err(), "{name}");
            let response = app.call(request("/?in=body"), origin()).await.unwrap();
            let mut body = response.into_body();
            assert!(body.frame().await.unwrap().is_ok(), "{name}");
            let ended = tokio::time::timeout(Duration::from_millis(20), body.frame()).await;
            assert!(ended.is_err(), "{name}");
            drop(body);
            assert_eq!(get(&app, "/?ms=1").await.unwrap().body, "woke\n", "{name}");
        }
    }
}

#[tokio::test]
async fn dropping_a_call_ends_an_app_that_computes_in_the_background() {
    for contract in CONTRACTS {
        for isolation in ISOLATIONS {
            let name = format!("{contract}loop");
            let inner = limited(&name, isolation, one_place);
            let app = pass(isolation, pass(isolation, inner));
            let call = app.call(request("/"), origin());
            let ended = tokio::time::timeout(Duration::from_millis(100), call).await;
            assert!(ended.is_err(), "{name}");
            let answer = get_when_there_is_room(&app, "/?ms=1").await;
            assert_eq!(answer.body, "done\n", "{name}");
        }
    }
}

#[tokio::test]
async fn a_body_that_the_middleware_drops_ends_the_app() {
    for contract in CONTRACTS {
        for isolation in ISOLATIONS {
            for (what, expected) in [("drop", "dropped\n"), ("one", "first\n")] {
                let name = format!("{contract}sleep");
                let inner = limited(&name, isolation, one_place);
                let app = wrap(what, isolation, Arc::clone(&inner));
                assert_eq!(
                    get(&app, "/?in=body").await.unwrap().body,
                    expected,
                    "{name}"
                );
                assert_eq!(
                    get(&inner, "/?ms=1").await.unwrap().body,
                    "woke\n",
                    "{name}"
                );
            }
        }
    }
}

#[tokio::test]
async fn as_many_as_may_stand_one_before_the_other_do() {
    for contract in CONTRACTS {
        for isolation in ISOLATIONS {
            for (guest, target, expected) in [
                ("hello", "/", "hello\n"),
                ("ticks", "/?count=2&ms=3", "tick 0\ntick 1\n"),
                ("loop", "/?ms=50", "done\n"),
            ] {
                let name = format!("{contract}{guest}");
                let app = chain(MIDDLEWARE_MAX, app(&name, isolation));
                let answer = get(&app, target).await.unwrap();
                assert_eq!(answer.body, expected, "{name}");
            }
            let name = format!("{contract}trap-mid-body");
            let app = chain(MIDDLEWARE_MAX, app(&name, isolation));
            let error = get(&app, "/").await.unwrap_err();
            assert_eq!(
                (error.kind(), error.app()),
                (Kind::GuestTrapped, Some(&*name))
            );
        }
    }
    let chain = chain(MIDDLEWARE_MAX, app("hello", ISOLATIONS[0]));
    let error = try_pass(ISOLATIONS[0], chain).err().unwrap();
    assert!(error.to_string().contains("at most 16"), "{error}");
}

fn chain(length: usize, app: Arc<App>) -> Arc<App> {
    let isolation = app.settings().isolation;
    (0..length).fold(app, |next, _| pass(isolation, next))
}

/// On several threads, with guests that wait, compute and fail side by side.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_requests_at_once_do_not_disturb_each_other() {
    for contract in CONTRACTS {
        for isolation in ISOLATIONS {
            let make = |guest: &str| {
                let inner = app(&format!("{contract}{guest}"), isolation);
                wrap("upper", isolation, pass(isolation, inner))
            };
            let failing = format!("{contract}trap-mid-body");
            let (ticks, busy, trap) = (make("ticks"), make("loop"), make("trap-mid-body"));
            let mut tasks = Vec::new();
            for number in 0..60_usize {
                let app = Arc::clone([&ticks, &busy, &trap][number % 3]);
                tasks.push(tokio::spawn(async move {
                    let target = ["/?count=3&ms=3", "/?ms=20", "/"][number % 3];
                    get(&app, target).await
                }));
            }
            for (number, task) in tasks.into_iter().enumerate() {
                let answer = task.await.unwrap();
                match (number % 3, answer) {
                    (0, Ok(answer)) => assert_eq!(answer.body, "TICK 0\nTICK 1\nTICK 2\n"),
                    (1, Ok(answer)) => assert_eq!(answer.body, "DONE\n"),
                    (2, Err(error)) => assert_eq!(error.app(), Some(&*failing)),
                    (_, answer) => panic!("{contract}{number}: {answer:?}"),
                }
            }
        }
    }
}

fn request(target: &str) -> Request<Empty<Bytes>> {
    let request = Request::get(target).header("host", "a");
    request.body(Empty::new()).unwrap()
}
