//! Whose error it is when one of the two fails, and what becomes of it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full, StreamBody};
use tracing_subscriber::fmt::MakeWriter;
use wasgi_gateway::{App, AppSettings, Grants, Kind};

use crate::support::*;

#[tokio::test]
async fn the_error_of_the_app_is_the_error_of_the_request() {
    for contract in CONTRACTS {
        for isolation in ISOLATIONS {
            for (guest, kind) in [("trap", Kind::GuestTrapped), ("fail", Kind::GuestFailed)] {
                let name = format!("{contract}{guest}");
                let inner = app(&name, isolation);
                let app = pass(isolation, pass(isolation, inner));
                let error = get(&app, "/").await.unwrap_err();
                assert_eq!(error.kind(), kind, "{name}: {}", error.chain());
                assert_eq!(error.app(), Some(&*name));
                assert!(error.chain().contains(&name), "{}", error.chain());
                if guest == "trap" {
                    let backtrace = &error.report().unwrap().backtrace;
                    assert!(backtrace.contains("deliberate_trap"), "{name}: {backtrace}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_fails_fails_for_the_same_reason() {
    for contract in CONTRACTS {
        for isolation in ISOLATIONS {
            let name = format!("{contract}trap-mid-body");
            let app = wrap("upper", isolation, app(&name, isolation));
            let response = app.call(request(), origin()).await.unwrap();
            let mut body = response.into_body();
            let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(first, "FIRST\n", "{name}");
            let error = body.frame().await.unwrap().unwrap_err();
            assert_eq!(
                error.kind(),
                Kind::GuestTrapped,
                "{name}: {}",
                error.chain()
            );
            assert_eq!(error.app(), Some(&*name));
            assert!(body.frame().await.is_none());
        }
    }
}

#[tokio::test]
async fn a_middleware_may_make_something_of_an_error() {
    let inner = app("fail", ISOLATIONS[1]);
    let app_ = wrap("ignore", ISOLATIONS[1], inner);
    assert_eq!(get(&app_, "/").await.unwrap().body, "error: told to fail\n");
    let app = wrap(
        "ignore-body",
        ISOLATIONS[1],
        app("fail-mid-body", ISOLATIONS[1]),
    );
    let answer = get(&app, "/").await.unwrap();
    assert_eq!(answer.body, "first\nerror: told to fail\n");
}

#[tokio::test]
async fn what_a_middleware_makes_something_of_is_logged_once() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let error = get(&pass(ISOLATIONS[0], app("trap", ISOLATIONS[0])), "/")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::GuestTrapped);
    assert_eq!(log.take(), "", "who returns an error does not log it");

    for (what, guest) in [
        ("ignore", "trap"),
        ("ignore-body", "trap-mid-body"),
        ("trap-after", "trap"),
    ] {
        let inner = app(guest, ISOLATIONS[0]);
        let app = wrap(what, ISOLATIONS[0], pass(ISOLATIONS[0], inner));
        let _answer = get(&app, "/").await;
        let logged = log.take();
        assert_eq!(logged.matches("WARN").count(), 1, "{what}: {logged}");
        assert!(logged.contains("guest-trapped"), "{what}: {logged}");
        assert!(logged.contains("deliberate_trap"), "{what}: {logged}");
        assert!(
            logged.contains(origin().request_id.as_str()),
            "{what}: {logged}"
        );
    }
}

#[tokio::test]
async fn a_middleware_that_fails_is_at_fault_itself() {
    for isolation in ISOLATIONS {
        for what in ["trap-before", "trap-after", "trap-body"] {
            let app = wrap(what, isolation, app("stream", isolation));
            let error = get(&app, "/").await.unwrap_err();
            assert_eq!(error.kind(), Kind::GuestTrapped, "{what}");
            assert_eq!(error.app(), None, "{what}");
        }
    }
}

#[tokio::test]
async fn what_the_client_does_wrong_stays_its_fault() {
    for contract in CONTRACTS {
        for isolation in ISOLATIONS {
            let inner = app(&format!("{contract}collect"), isolation);
            let app = wrap("ignore", isolation, inner);
            let body = broken().await;
            let error = ask(&app, Request::post("http://a/").body(body).unwrap()).await;
            let error = error.unwrap_err();
            assert_eq!(
                error.kind(),
                Kind::ClientGone,
                "{contract}: {}",
                error.chain()
            );
        }
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_for_the_app_is_too_large() {
    for contract in CONTRACTS {
        let inner = limited(&format!("{contract}collect"), ISOLATIONS[0], small);
        let app = pass(ISOLATIONS[0], inner);
        for fields in [&[("content-length", "5")][..], &[]] {
            let error = post(&app, fields, &["hel", "lo"]).await.unwrap_err();
            assert_eq!(
                error.kind(),
                Kind::BodyTooLarge,
                "{contract}: {}",
                error.chain()
            );
        }
        let inner = app_of_collect(contract);
        let app = wrap_limited("", ISOLATIONS[0], inner, small);
        let error = post(&app, &[], &["hel", "lo"]).await.unwrap_err();
        assert_eq!(
            error.kind(),
            Kind::BodyTooLarge,
            "{contract}: {}",
            error.chain()
        );
    }
}

fn small(settings: &mut AppSettings) {
    settings.limits.request_body = 4;
}

fn app_of_collect(contract: &str) -> Arc<App> {
    app(&format!("{contract}collect"), ISOLATIONS[0])
}

#[tokio::test]
async fn a_request_that_is_not_http_is_refused_with_a_reason() {
    for (what, reason) in [
        ("bad-method", "request-method"),
        ("bad-path", "script-name"),
        ("bad-field", "control character"),
    ] {
        let app = wrap(what, ISOLATIONS[1], app("hello", ISOLATIONS[1]));
        for _ in 0..2 {
            let answer = get(&app, "/").await.unwrap();
            assert!(answer.body.contains(reason), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn what_is_kept_of_an_earlier_request_is_of_no_use() {
    for what in ["keep-input", "keep-body"] {
        let inner = limited("ticks", ISOLATIONS[1], |settings| {
            // What is kept must not keep the place of the app that made it.
            settings.limits.concurrency = 1;
            settings.limits.queue = 0;
        });
        let app = wrap(what, ISOLATIONS[1], inner);
        for _ in 0..3 {
            assert_eq!(get(&app, "/?ms=1").await.unwrap().body, "kept\n");
            let answer = get(&app, "/?ms=1").await.unwrap();
            assert!(
                answer.body.starts_with("error: "),
                "{what}: {}",
                answer.body
            );
            assert!(answer.body.contains("over"), "{what}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_local_redirect_cannot_be_handed_on() {
    for contract in ["cgi-", "cgi1-"] {
        let app = pass(
            ISOLATIONS[0],
            app(&format!("{contract}redirect"), ISOLATIONS[0]),
        );
        let error = get(&app, "/redirect?to=/hello").await.unwrap_err();
        assert_eq!(error.kind(), Kind::BadResponse);
        assert!(error.to_string().contains("/hello"), "{error}");
    }
}

#[tokio::test]
async fn only_a_middleware_wraps_an_app() {
    let settings = AppSettings::new("alone");
    let error = App::new(
        &component("wrap"),
        settings.clone(),
        Grants::default(),
        None,
    );
    let error = error.err().unwrap();
    assert!(error.to_string().contains("middleware"), "{error}");
    assert!(error.hint().unwrap().contains("middleware = [...]"));
    for guest in ["hello", "http02-hello", "http03-hello", "cgi-hello"] {
        let next = Some(app("hello", ISOLATIONS[0]));
        let error = App::new(&component(guest), settings.clone(), Grants::default(), next)
            .err()
            .unwrap();
        assert!(error.to_string().contains("no middleware"), "{error}");
    }
    assert!(component("wrap").is_middleware());
    assert!(!component("hello").is_middleware());
}

fn request() -> Request<Full<Bytes>> {
    Request::get("http://a/").body(Full::default()).unwrap()
}

/// A body that breaks off after its first chunk.
async fn broken() -> impl http_body::Body<Data = Bytes, Error = io::Error> {
    let (sender, receiver) = tokio::sync::mpsc::channel(2);
    sender
        .send(Ok(http_body::Frame::data(Bytes::from("hel"))))
        .await
        .unwrap();
    sender
        .send(Err(io::ErrorKind::ConnectionReset.into()))
        .await
        .unwrap();
    StreamBody::new(Receiver(receiver))
}

struct Receiver<T>(tokio::sync::mpsc::Receiver<T>);

impl<T> futures_core::Stream for Receiver<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_recv(cx)
    }
}

/// What was logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
