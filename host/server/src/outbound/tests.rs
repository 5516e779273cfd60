//! The client against real sockets on the loopback, which its grants name.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::net::TcpListener;
use wasgi_gateway::{Outbound, OutboundBody, OutboundError, OutboundTimeouts};

use self::requests::{get, post, post_pieces};
use self::upstream::{Seen, Upstream};
use super::*;

mod requests;
mod upstream;

const SHORT: Duration = Duration::from_millis(50);
const UNHURRIED: OutboundTimeouts = OutboundTimeouts {
    connect: None,
    first_byte: None,
    between_bytes: None,
};
const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";

fn client_for(grant: &str, limits: OutboundLimits) -> OutboundClient {
    OutboundClient::new(OutboundSettings {
        allow: vec![grant.parse().unwrap()],
        private: Vec::new(),
        sockets: Vec::new(),
        limits,
    })
}

async fn send(
    client: &OutboundClient,
    request: Request<OutboundBody>,
) -> Result<Response<OutboundBody>, OutboundError> {
    client.send(request, UNHURRIED).await
}

async fn read(response: Response<OutboundBody>) -> Result<Bytes, OutboundError> {
    Ok(response.into_body().collect().await?.to_bytes())
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let mut upstream = Upstream::start(HELLO).await;
    let client = client_for(&upstream.uri(), OutboundLimits::DEFAULT);
    for path in ["/one", "/two?a=b", "/three"] {
        let mut request = post(&format!("{}{path}", upstream.uri()), b"body");
        let fields = request.headers_mut();
        fields.insert("x-kept", "1".parse().unwrap());
        for (name, value) in [
            ("connection", "close, x-named"),
            ("te", "a"),
            ("x-named", "1"),
        ] {
            fields.insert(name, value.parse().unwrap());
        }
        let response = send(&client, request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(read(response).await.unwrap(), "hello");
        let address = upstream.address;
        let expected = format!(
            "POST {path} HTTP/1.1\r\nx-kept: 1\r\nhost: {address}\r\ncontent-length: 4\r\n\r\nbody"
        );
        if path == "/one" {
            assert_eq!(upstream.seen.recv().await, Some(Seen::Connected));
        }
        assert_eq!(upstream.seen.recv().await, Some(Seen::Request(expected)));
    }
    drop(client);
    assert_eq!(upstream.seen.recv().await, Some(Seen::Closed));
}

#[tokio::test]
async fn a_host_that_is_not_granted_is_not_connected_to() {
    let mut upstream = Upstream::start(HELLO).await;
    let port = upstream.address.port();
    let client = client_for(&upstream.uri(), OutboundLimits::DEFAULT);
    for target in [
        format!("http://localhost:{port}"),
        format!("https://127.0.0.1:{port}"),
        format!("http://127.0.0.2:{port}"),
        "http://127.0.0.1".to_owned(),
    ] {
        let error = send(&client, get(&target)).await.unwrap_err();
        assert_eq!(error, OutboundError::RequestDenied(target));
    }
    assert!(upstream.seen.try_recv().is_err());
}

#[tokio::test]
async fn localhost_is_reached_if_it_is_granted() {
    let upstream = Upstream::start(HELLO).await;
    let uri = format!("http://localhost:{}", upstream.address.port());
    let client = client_for(&uri, OutboundLimits::DEFAULT);
    let response = send(&client, get(&uri)).await.unwrap();
    assert_eq!(read(response).await.unwrap(), "hello");
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_is_refused() {
    let upstream = Upstream::start(HELLO).await;
    let uri = upstream.uri();
    let client = client_for(&upstream.uri(), OutboundLimits::DEFAULT);
    let mut connect = get(&uri);
    *connect.method_mut() = Method::CONNECT;
    let with_length = |mut request: Request<OutboundBody>, length: &str| {
        request
            .headers_mut()
            .insert("content-length", length.parse().unwrap());
        request
    };
    for request in [
        connect,
        get("/path"),
        get(&format!("http://me@{}", upstream.address)),
        with_length(get(&uri), "5"),
        with_length(post(&uri, b"body"), "5"),
        with_length(post(&uri, b"body"), "3"),
        with_length(post(&uri, b"body"), "x"),
        with_length(post_pieces(&uri, &[b"body"]), "3"),
    ] {
        let shown = format!("{} {}", request.method(), request.uri());
        let error = send(&client, request).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::Protocol(_)),
            "{shown} {error}"
        );
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = client_for(&uri, OutboundLimits::DEFAULT);
    let error = send(&client, get(&uri)).await.unwrap_err();
    assert!(
        matches!(error, OutboundError::ConnectionRefused(_)),
        "{error}"
    );
}

#[tokio::test]
async fn a_response_is_passed_on_without_the_fields_of_its_connection() {
    let answer = "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\nconnection: keep-alive, x-named\r\n\
        keep-alive: timeout=5\r\nx-named: 1\r\ncontent-length: 2\r\nx-kept: 1\r\n\r\nhi";
    let upstream = Upstream::start(answer).await;
    let client = client_for(&upstream.uri(), OutboundLimits::DEFAULT);
    let response = send(&client, get(&upstream.uri())).await.unwrap();
    assert_eq!(response.status(), StatusCode::FOUND);
    let fields = response.headers().iter();
    let fields: BTreeMap<_, _> = fields
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    let expected = [
        ("content-length", "2"),
        ("location", "/elsewhere"),
        ("x-kept", "1"),
    ];
    assert_eq!(fields, expected.into());
}

#[tokio::test]
async fn a_broken_response_is_refused() {
    let many: String = (0..=100).map(|n| format!("x-{n}: 1\r\n")).collect();
    let many = format!("HTTP/1.1 200 OK\r\n{many}\r\n").leak();
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(200 * 1024)).leak();
    for answer in [
        "SSH-2.0\r\n\r\n",
        "HTTP/1.1 101 Go\r\nupgrade: x\r\n\r\n",
        many,
        long,
    ] {
        let upstream = Upstream::start(answer).await;
        let client = client_for(&upstream.uri(), OutboundLimits::DEFAULT);
        let error = send(&client, get(&upstream.uri())).await.err();
        let refused = matches!(error, Some(OutboundError::Protocol(_)));
        assert!(refused, "{} gives {error:?}", &answer[..20]);
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let mut upstream = Upstream::start("").await;
    let uri = upstream.uri();
    let client = client_for(
        &upstream.uri(),
        OutboundLimits {
            response: SHORT,
            ..OutboundLimits::DEFAULT
        },
    );
    let error = send(&client, get(&uri)).await.unwrap_err();
    assert_eq!(error, OutboundError::ResponseTimeout);
    upstream.closed().await;

    let client = client_for(&upstream.uri(), OutboundLimits::DEFAULT);
    let timeouts = OutboundTimeouts {
        first_byte: Some(SHORT),
        ..UNHURRIED
    };
    let error = client.send(get(&uri), timeouts).await.unwrap_err();
    assert_eq!(error, OutboundError::ResponseTimeout);
}

#[tokio::test]
async fn no_time_is_over_at_once() {
    let upstream = Upstream::start("").await;
    let client = client_for(&upstream.uri(), OutboundLimits::DEFAULT);
    let timeouts = OutboundTimeouts {
        connect: Some(Duration::ZERO),
        first_byte: Some(Duration::ZERO),
        between_bytes: Some(Duration::ZERO),
    };
    let error = client
        .send(get(&upstream.uri()), timeouts)
        .await
        .unwrap_err();
    // The loopback may be faster than the clock's resolution.
    assert!(
        matches!(
            error,
            OutboundError::ConnectionTimeout | OutboundError::ResponseTimeout
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_body_that_stops_is_not_waited_for() {
    let mut upstream = Upstream::start(CHUNKED).await;
    let client = client_for(
        &upstream.uri(),
        OutboundLimits {
            idle: SHORT,
            ..OutboundLimits::DEFAULT
        },
    );
    let response = send(&client, get(&upstream.uri())).await.unwrap();
    let mut body = response.into_body();
    let piece = body.frame().await.unwrap().unwrap();
    assert_eq!(piece.into_data().unwrap(), "hello");
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(error, OutboundError::ReadTimeout);
    assert!(body.frame().await.is_none());
    upstream.closed().await;
}

#[tokio::test]
async fn a_response_over_its_limit_is_refused() {
    for (answer, at_head) in [(HELLO, true), (CHUNKED, false)] {
        let mut upstream = Upstream::start(answer).await;
        let client = client_for(
            &upstream.uri(),
            OutboundLimits {
                response_body: 4,
                ..OutboundLimits::DEFAULT
            },
        );
        let result = send(&client, get(&upstream.uri())).await;
        assert_eq!(result.is_err(), at_head);
        let error = match result {
            Ok(response) => read(response).await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error, OutboundError::ResponseBodySize(4));
        drop(client);
        upstream.closed().await;
    }
}

#[tokio::test]
async fn a_request_over_its_limit_is_refused() {
    let mut upstream = Upstream::start(HELLO).await;
    let client = client_for(
        &upstream.uri(),
        OutboundLimits {
            request_body: 4,
            ..OutboundLimits::DEFAULT
        },
    );
    let error = send(&client, post(&upstream.uri(), b"hello"))
        .await
        .unwrap_err();
    assert_eq!(error, OutboundError::RequestBodySize(4));
    let request = post_pieces(&upstream.uri(), &[b"hel", b"lo"]);
    let error = send(&client, request).await.unwrap_err();
    assert_eq!(error, OutboundError::RequestBodySize(4));
    upstream.closed().await;
}

#[tokio::test]
async fn a_guest_that_stops_sending_is_not_waited_for() {
    let mut upstream = Upstream::start(HELLO).await;
    let client = client_for(
        &upstream.uri(),
        OutboundLimits {
            idle: SHORT,
            ..OutboundLimits::DEFAULT
        },
    );
    let request = post_pieces(&upstream.uri(), &[b"hello"]);
    let error = send(&client, request).await.unwrap_err().to_string();
    assert!(error.contains("the guest stopped sending"), "{error}");
    upstream.closed().await;
}

#[tokio::test]
async fn a_host_that_stops_taking_the_request_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    let client = client_for(
        &uri,
        OutboundLimits {
            idle: SHORT,
            request_body: u64::MAX,
            ..OutboundLimits::DEFAULT
        },
    );
    let request = post_pieces(&uri, &[&[0; 1 << 20][..]; 64]);
    let error = send(&client, request).await.unwrap_err().to_string();
    assert!(error.contains("stopped taking the request"), "{error}");
}

#[tokio::test]
async fn only_so_many_exchanges_are_under_way() {
    let upstream = Upstream::start(CHUNKED).await;
    let uri = upstream.uri();
    let client = client_for(
        &upstream.uri(),
        OutboundLimits {
            concurrency: 2,
            ..OutboundLimits::DEFAULT
        },
    );
    let first = send(&client, get(&uri)).await.unwrap();
    let second = client.send(get(&uri), UNHURRIED);
    let error = send(&client, get(&uri)).await.unwrap_err();
    assert_eq!(error, OutboundError::ConnectionLimitReached(2));
    drop(first);
    let third = send(&client, get(&uri)).await.unwrap();
    drop(second);
    let fourth = send(&client, get(&uri)).await.unwrap();
    assert_eq!(third.status(), fourth.status());
}

#[tokio::test]
async fn an_exchange_that_is_dropped_closes_its_connection() {
    let mut silent = Upstream::start("").await;
    let client = client_for(&silent.uri(), OutboundLimits::DEFAULT);
    let mut response = client.send(get(&silent.uri()), UNHURRIED);
    tokio::select! {
        _ = &mut response => panic!("expected no response"),
        _ = silent.request() => {}
    }
    drop(response);
    silent.closed().await;

    let mut endless = Upstream::start(CHUNKED).await;
    let client = client_for(&endless.uri(), OutboundLimits::DEFAULT);
    let request = post_pieces(&endless.uri(), &[b"0\r\n"]);
    drop(send(&client, request).await.unwrap());
    endless.closed().await;
}
