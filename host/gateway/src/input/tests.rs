//! How an input is read, handed on, and fails.

use std::convert::Infallible;

use http_body_util::{Full, StreamBody};

use super::*;

fn full(text: &'static str, limit: u64) -> Stream {
    let body = boxed(Full::new(Bytes::from_static(text.as_bytes())));
    Stream::new(body, &limits(limit))
}

fn limits(request_body: u64) -> Limits {
    Limits {
        request_body,
        idle: Duration::from_millis(10),
        ..Limits::DEFAULT
    }
}

#[tokio::test]
async fn is_read_in_pieces_to_its_end() {
    let mut input = Input::default();
    let generation = input.begin(full("hello", 5));
    assert_eq!(input.read(generation, 3).await.unwrap(), "hel");
    assert_eq!(input.read(generation, 0).await.unwrap(), "");
    assert_eq!(input.read(generation, 9).await.unwrap(), "lo");
    assert_eq!(input.read(generation, 9).await.unwrap(), "");
    assert_eq!(input.read(generation, 9).await.unwrap(), "");
    assert!(input.trailers(generation).await.unwrap().is_empty());
}

#[tokio::test]
async fn is_closed_for_the_handles_of_other_requests() {
    let mut input = Input::default();
    let first = input.begin(full("first", 9));
    let second = input.begin(full("second", 9));
    assert_eq!(input.read(first, 9).await, Err(Failure::Closed));
    assert_eq!(input.read(second, 9).await.unwrap(), "second");
    input.end();
    assert_eq!(input.read(second, 9).await, Err(Failure::Closed));
}

#[tokio::test]
async fn fails_for_good_over_the_limit() {
    let mut input = Input::default();
    let generation = input.begin(full("hello", 4));
    assert_eq!(input.read(generation, 9).await, Err(Failure::TooLarge(4)));
    assert_eq!(input.read(generation, 9).await, Err(Failure::TooLarge(4)));
    assert_eq!(input.client_error().unwrap().kind(), Kind::BodyTooLarge);
}

#[tokio::test]
async fn fails_if_the_client_is_silent() {
    let silent = StreamBody::new(Silent);
    let mut input = Input::default();
    let silent = silent.map_err(|e: Infallible| match e {}).boxed_unsync();
    let generation = input.begin(Stream::new(Some(silent), &limits(9)));
    let failure = input.read(generation, 9).await.unwrap_err();
    assert!(matches!(failure, Failure::TimedOut(_)), "{failure}");
    assert_eq!(input.client_error().unwrap().kind(), Kind::BodyTimeout);
}

#[tokio::test]
async fn a_stream_that_was_taken_tells_of_its_failure() {
    let mut input = Input::default();
    let generation = input.begin(full("hello", 4));
    let mut stream = input.take();
    assert_eq!(input.read(generation, 9).await.unwrap(), "");
    let failure = stream.frame().await.unwrap().unwrap_err();
    assert_eq!(failure, Failure::TooLarge(4));
    assert_eq!(input.client_error().unwrap().kind(), Kind::BodyTooLarge);
}

#[tokio::test]
async fn what_was_not_read_is_handed_on() {
    let mut input = Input::default();
    let generation = input.begin(full("hello", 5));
    assert_eq!(input.read(generation, 3).await.unwrap(), "hel");
    assert!(input.hand_on(generation.wrapping_sub(1)).is_err());
    let rest = input.hand_on(generation).unwrap();
    assert!(!rest.is_end_stream());
    assert_eq!(rest.collect().await.unwrap().to_bytes(), "lo");
    assert_eq!(input.read(generation, 9).await.unwrap(), "");
    assert!(input.hand_on(generation).unwrap().is_end_stream());
}

#[tokio::test]
async fn what_is_handed_on_fails_for_the_same_reason() {
    let (mut outer, mut inner) = (Input::default(), Input::default());
    let generation = outer.begin(full("hello", 4));
    let rest = boxed(outer.hand_on(generation).unwrap());
    let generation = inner.begin(Stream::new(rest, &limits(9)));
    assert_eq!(inner.read(generation, 9).await, Err(Failure::TooLarge(4)));
    for input in [outer, inner] {
        assert_eq!(input.client_error().unwrap().kind(), Kind::BodyTooLarge);
    }
}

/// A client that never sends.
struct Silent;

impl futures_core::Stream for Silent {
    type Item = Result<Frame<Bytes>, Infallible>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Pending
    }
}
