use std::fs;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use tokio::sync::Mutex;
use wasgi_gateway::{
    App, AppSettings, Binary, Body, Compiler, DebugInfo, Error, Gateway, GatewayOptions, Grants,
    Kind, Origin, Peer, RequestId,
};

use crate::support::guests;

fn gateway(instances: usize) -> Gateway {
    Gateway::new(&GatewayOptions {
        cache: None,
        compiler: Compiler::InProcess,
        debug_info: DebugInfo::Ignored,
        instances,
    })
    .unwrap()
}

fn app(gateway: &Gateway, guest: &str) -> Arc<App> {
    let binary = Binary::read(&guests::path(guest)).unwrap();
    let component = gateway.load(&binary).unwrap();
    App::new(&component, AppSettings::new(guest), Grants::default(), None).unwrap()
}

async fn call(app: &Arc<App>, target: &str) -> Result<http::Response<Body>, Error> {
    let request = Request::get(target).header("host", "test");
    let origin = Origin {
        request_id: RequestId::from_number(1),
        local: "127.0.0.1:1".parse().unwrap(),
        remote: Arc::new(Peer {
            address: "127.0.0.1".to_owned(),
            port: 1,
        }),
        script_name_length: 0,
        route_parameters: Vec::new(),
        server: None,
    };
    let body = Empty::<Bytes>::new();
    app.call(request.body(body).unwrap(), origin).await
}

/// Held by those who count the mappings: the tests share a process.
static ALONE: Mutex<()> = Mutex::const_new(());

/// The memory mappings of this process.
fn mappings() -> usize {
    fs::read_to_string("/proc/self/maps")
        .unwrap()
        .lines()
        .count()
}

/// Begin responses that their guests cannot finish before they are read.
async fn begin(app: &Arc<App>, count: usize) -> Vec<http::Response<Body>> {
    let mut begun = Vec::new();
    for _ in 0..count {
        begun.push(call(app, "/?chunks=9&size=100000").await.unwrap());
    }
    begun
}

#[tokio::test]
async fn an_engine_without_room_is_overloaded() {
    let _alone = ALONE.lock().await;
    for guest in [
        "stream",
        "http02-stream",
        "http03-stream",
        "cgi-stream",
        "cgi1-stream",
    ] {
        let gateway = gateway(2);
        let app = app(&gateway, guest);
        let begun = begin(&app, 2).await;
        let error = call(&app, "/").await.map(drop).unwrap_err();
        assert_eq!(error.kind(), Kind::Overloaded, "{guest}: {}", error.chain());
        drop(begun);
        let response = call(&app, "/").await;
        assert!(response.is_ok(), "{guest}: its room is not free again");
    }
}

#[tokio::test]
async fn an_engine_that_is_too_small_is_replaced_and_goes_with_its_last_app() {
    let _alone = ALONE.lock().await;
    let gateway = gateway(1_000);
    let before = mappings();
    let first = app(&gateway, "stream");
    let small = mappings();
    // Two for each stack, at least.
    assert!(small >= before + 1_900, "{before} {small}");
    gateway.reserve(1_000);
    let second = app(&gateway, "hello");
    assert!(mappings() < small + 500, "the room was enough");

    gateway.reserve(1_001);
    let third = app(&gateway, "hello");
    let both = mappings();
    // Threads of other tests come and go meanwhile.
    assert!(both >= small + 3_900, "{small} {both}");
    for app in [&first, &second, &third] {
        assert!(call(app, "/").await.is_ok());
    }
    drop(second);
    assert!(mappings() > both - 1_000, "an app is left in it");
    drop(first);
    let large = mappings();
    assert!(large <= both - 1_900, "{both} {large}");
    drop(gateway);
    assert!(call(&third, "/").await.is_ok());
    drop(third);
    assert!(mappings() <= large - 3_900, "{large} {}", mappings());
}

#[tokio::test]
async fn instances_need_no_more_mappings_than_are_counted_on() {
    const COUNT: usize = 200;
    let _alone = ALONE.lock().await;
    for guest in [
        "stream",
        "http02-stream",
        "http03-stream",
        "cgi-stream",
        "cgi1-stream",
    ] {
        let gateway = gateway(COUNT);
        let before = mappings();
        let mut settings = AppSettings::new(guest);
        settings.limits.concurrency = COUNT;
        let binary = Binary::read(&guests::path(guest)).unwrap();
        let component = gateway.load(&binary).unwrap();
        let app = App::new(&component, settings, Grants::default(), None).unwrap();
        let begun = begin(&app, COUNT).await;
        let used = mappings();
        let each = (used - before) / COUNT;
        assert!((5..=7).contains(&each), "{guest}: {each} for each instance");
        drop(begun);
    }
}
