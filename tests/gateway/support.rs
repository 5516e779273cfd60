//! Apps made of the fixture guests, requests for them, and what they answered.

use std::collections::HashMap;
use std::convert::Infallible;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, StreamBody};
use tokio::time::Instant;
use wasgi_gateway::{
    App, AppSettings, Binary, BoxError, Compiler, Component, DebugInfo, Error, Gateway,
    GatewayOptions, Grants, Isolation, LoadError, Origin, Peer, RequestId, Reuse,
};

/// What the names of each contract's guests begin with.
pub(crate) const CONTRACTS: [&str; 5] = ["", "http02-", "http03-", "cgi-", "cgi1-"];

pub(crate) const ISOLATIONS: [Isolation; 2] =
    [Isolation::Request, Isolation::Reuse(Reuse::DEFAULT)];

/// The gateway of all tests.
static GATEWAY: LazyLock<Gateway> = LazyLock::new(|| {
    let options = GatewayOptions {
        cache: None,
        compiler: Compiler::InProcess,
        debug_info: DebugInfo::Ignored,
        instances: 400,
    };
    Gateway::new(&options).unwrap()
});

/// A guest, compiled once.
pub(crate) fn component(name: &str) -> Arc<Component> {
    static COMPONENTS: LazyLock<Mutex<HashMap<String, Arc<Component>>>> =
        LazyLock::new(Mutex::default);
    let mut components = COMPONENTS.lock().unwrap();
    let load = || {
        let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests");
        let file = guests.join(name).with_extension("wasm");
        assert!(file.is_file(), "no {name}: run: cargo xtask guests");
        Arc::new(GATEWAY.load(&Binary::read(&file).unwrap()).unwrap())
    };
    let component = components.entry(name.to_owned()).or_insert_with(load);
    Arc::clone(component)
}

/// An app that wraps nothing.
pub(crate) fn app(name: &str, isolation: Isolation) -> Arc<App> {
    limited(name, isolation, |_| {})
}

/// An app with other settings.
pub(crate) fn limited(
    name: &str,
    isolation: Isolation,
    change: impl FnOnce(&mut AppSettings),
) -> Arc<App> {
    let mut settings = AppSettings::new(name);
    settings.isolation = isolation;
    change(&mut settings);
    App::new(&component(name), settings, Grants::default(), None).unwrap()
}

/// A middleware that hands everything on.
pub(crate) fn pass(isolation: Isolation, next: Arc<App>) -> Arc<App> {
    try_pass(isolation, next).unwrap()
}

pub(crate) fn try_pass(isolation: Isolation, next: Arc<App>) -> Result<Arc<App>, LoadError> {
    let mut settings = AppSettings::new("pass");
    settings.isolation = isolation;
    App::new(
        &component("wrap-pass"),
        settings,
        Grants::default(),
        Some(next),
    )
}

/// A middleware that does what it is told.
pub(crate) fn wrap(what: &str, isolation: Isolation, next: Arc<App>) -> Arc<App> {
    wrap_limited(what, isolation, next, |_| {})
}

/// The same with other settings.
pub(crate) fn wrap_limited(
    what: &str,
    isolation: Isolation,
    next: Arc<App>,
    change: impl FnOnce(&mut AppSettings),
) -> Arc<App> {
    let mut settings = AppSettings::new("wrap");
    settings.isolation = isolation;
    settings.env = vec![("DO".to_owned(), what.to_owned())];
    change(&mut settings);
    App::new(&component("wrap"), settings, Grants::default(), Some(next)).unwrap()
}

/// A complete response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) trailers: Option<HeaderMap>,
}

/// Asks for a target with `GET`.
pub(crate) async fn get(app: &Arc<App>, target: &str) -> Result<Answer, Error> {
    let request = Request::get(target).header("host", "shop.example");
    ask(app, request.body(Empty::<Bytes>::new()).unwrap()).await
}

/// Sends a body with `POST`, in these chunks.
pub(crate) async fn post(
    app: &Arc<App>,
    fields: &[(&str, &str)],
    chunks: &[&'static str],
) -> Result<Answer, Error> {
    let mut request = Request::post("/").header("host", "shop.example");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    ask(app, request.body(body(chunks)).unwrap()).await
}

/// A body that comes chunk by chunk, and ends with a trailer.
fn body(chunks: &[&'static str]) -> impl Body<Data = Bytes, Error = Infallible> + use<> {
    let data = chunks
        .iter()
        .map(|chunk| Frame::data(Bytes::from_static(chunk.as_bytes())));
    let mut trailers = HeaderMap::new();
    trailers.insert("x-checksum", "abc".parse().unwrap());
    let frames: Vec<_> = data.chain([Frame::trailers(trailers)]).map(Ok).collect();
    StreamBody::new(Frames {
        frames: frames.into_iter(),
        is_late: false,
    })
}

/// Frames, each of which comes a moment later than it is asked for.
struct Frames<T> {
    frames: std::vec::IntoIter<T>,
    is_late: bool,
}

impl<T: Unpin> futures_core::Stream for Frames<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.is_late = !self.is_late;
        if self.is_late {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.frames.next())
    }
}

/// Asks, and reads the response to its end.
pub(crate) async fn ask<B>(app: &Arc<App>, request: Request<B>) -> Result<Answer, Error>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let (parts, body) = app.call(request, origin()).await?.into_parts();
    let collected = body.collect().await?;
    let trailers = collected.trailers().cloned();
    Ok(Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(collected.to_bytes().into()).unwrap(),
        trailers,
    })
}

pub(crate) fn origin() -> Origin {
    Origin {
        request_id: RequestId::from_number(7),
        local: "127.0.0.1:8080".parse().unwrap(),
        remote: Arc::new(Peer {
            address: "192.0.2.1".to_owned(),
            port: 40000,
        }),
        script_name_length: 0,
        route_parameters: Vec::new(),
        server: None,
    }
}

/// Asks again until the app has room, which it must have within seconds.
pub(crate) async fn get_when_there_is_room(app: &Arc<App>, target: &str) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match get(app, target).await {
            Ok(answer) => return answer,
            Err(error) => assert!(Instant::now() < deadline, "{}", error.chain()),
        }
        tokio::task::yield_now().await;
    }
}
