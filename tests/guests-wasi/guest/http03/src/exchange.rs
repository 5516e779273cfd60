//! A request of the guest's own, over `wasi:http/client@0.3`.

use std::future::{poll_fn, ready};
use std::pin::Pin;
use std::task::Poll;

use guest_shared::{Closed, Outgoing, Result, case_name};
use wasip3::http::client;
use wasip3::http::types::{ErrorCode, Fields, Method, Request, RequestOptions, Response, Scheme};
use wasip3::wit_bindgen::{FutureWriter, StreamWriter};
use wasip3::{wit_future, wit_stream};

use crate::{End, Input};

type Answer = std::result::Result<Response, ErrorCode>;

/// A request under way.
pub struct Exchange {
    stream: StreamWriter<u8>,
    end: FutureWriter<End>,
    response: Pin<Box<dyn Future<Output = Answer>>>,
}

impl Exchange {
    /// Send the request's head.
    pub async fn start(outgoing: &Outgoing) -> std::result::Result<Self, String> {
        let headers = Fields::new();
        if let Some(name) = &outgoing.field {
            let appended = headers.append(name, b"1");
            appended.map_err(|error| case_name(&error))?;
        }
        let (stream, contents) = wit_stream::new();
        let (end, trailers) = wit_future::new(|| {
            let why = "the guest has dropped the body".to_owned();
            Err(ErrorCode::InternalError(Some(why)))
        });
        let options = options(outgoing.timeout_ms);
        let (request, _) = Request::new(headers, Some(contents), trailers, Some(options));
        let scheme = match outgoing.scheme.as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => Scheme::Other(other.to_owned()),
        };
        request
            .set_method(&Method::Other(outgoing.method.clone()))
            .and_then(|()| request.set_scheme(Some(&scheme)))
            .and_then(|()| request.set_authority(Some(&outgoing.authority)))
            .and_then(|()| request.set_path_with_query(Some(&outgoing.path_with_query)))
            .expect("a target that the contract allows");
        let mut response: Pin<Box<dyn Future<Output = Answer>>> = Box::pin(client::send(request));
        // Polled once, it is under way, and goes on while the body is written.
        let answer = poll_fn(|task| Poll::Ready(response.as_mut().poll(task))).await;
        if let Poll::Ready(answer) = answer {
            response = Box::pin(ready(answer));
        }
        Ok(Self {
            stream,
            end,
            response,
        })
    }

    /// Send these bytes of the body, and wait until the host has taken them.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> Result {
        let left = self.stream.write_all(bytes.as_ref().to_vec()).await;
        if left.is_empty() { Ok(()) } else { Err(Closed) }
    }

    /// End the body. The response's status and body, or the name of the error.
    pub async fn response(self) -> std::result::Result<(u16, Input), String> {
        drop(self.stream);
        // A body that is not taken fails the response too, which says why.
        drop(self.end.write(Ok(None)).await);
        let response = self.response.await.map_err(|error| case_name(&error))?;
        let status = response.get_status_code();
        let (result_writer, result) = wit_future::new(|| Ok(()));
        let body = Response::consume_body(response, result);
        Ok((status, Input::new(body, result_writer)))
    }
}

fn options(timeout_ms: Option<u64>) -> RequestOptions {
    let options = RequestOptions::new();
    let timeout = timeout_ms.map(|ms| ms * 1_000_000);
    options
        .set_connect_timeout(timeout)
        .and_then(|()| options.set_first_byte_timeout(timeout))
        .and_then(|()| options.set_between_bytes_timeout(timeout))
        .expect("the host takes timeouts");
    options
}
