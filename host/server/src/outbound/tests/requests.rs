//! Requests as guests make them.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full};
use wasgi_gateway::{OutboundBody, OutboundError};

/// A body that gives its pieces and then never ends.
struct Endless(VecDeque<Bytes>);

impl Body for Endless {
    type Data = Bytes;
    type Error = OutboundError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OutboundError>>> {
        match self.0.pop_front() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None => Poll::Pending,
        }
    }
}

pub(super) fn get(uri: &str) -> Request<OutboundBody> {
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    Request::get(uri).body(body).unwrap()
}

pub(super) fn post(uri: &str, bytes: &'static [u8]) -> Request<OutboundBody> {
    let body = Full::new(Bytes::from_static(bytes));
    let body = body.map_err(|never| match never {}).boxed_unsync();
    Request::post(uri).body(body).unwrap()
}

pub(super) fn post_pieces(uri: &str, pieces: &[&'static [u8]]) -> Request<OutboundBody> {
    let pieces = pieces.iter().copied().map(Bytes::from_static).collect();
    Request::post(uri)
        .body(Endless(pieces).boxed_unsync())
        .unwrap()
}
