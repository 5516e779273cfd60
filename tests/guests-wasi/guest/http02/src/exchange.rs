//! A request of the guest's own, over `wasi:http/outgoing-handler@0.2`.

use guest_shared::{Closed, Outgoing, Result, case_name};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, FutureIncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};
use wasip2::io::streams::OutputStream;

use crate::{Input, PIECE_MAX};

/// A request under way. The stream is a child of the body, and goes first.
pub struct Exchange {
    stream: OutputStream,
    body: OutgoingBody,
    response: FutureIncomingResponse,
}

impl Exchange {
    /// Send the request's head.
    pub async fn start(outgoing: &Outgoing) -> std::result::Result<Self, String> {
        let headers = Fields::new();
        if let Some(name) = &outgoing.field {
            let appended = headers.append(name, b"1");
            appended.map_err(|error| case_name(&error))?;
        }
        let request = OutgoingRequest::new(headers);
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
        let body = request.body().expect("it is asked for once");
        let stream = body.write().expect("it is asked for once");
        let response = outgoing_handler::handle(request, Some(options(outgoing.timeout_ms)));
        Ok(Self {
            stream,
            body,
            response: response.map_err(|error| case_name(&error))?,
        })
    }

    /// Send these bytes of the body, and wait until the host has taken them.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> Result {
        for piece in bytes.as_ref().chunks(PIECE_MAX) {
            let written = self.stream.blocking_write_and_flush(piece);
            written.map_err(|_| Closed)?;
        }
        Ok(())
    }

    /// End the body. The response's status and body, or the name of the error.
    pub async fn response(self) -> std::result::Result<(u16, Input), String> {
        drop(self.stream);
        // A body that is not taken fails the response too, which says why.
        drop(OutgoingBody::finish(self.body, None));
        self.response.subscribe().block();
        let response = self.response.get().expect("it is ready");
        let response = response.expect("it is read once");
        let response = response.map_err(|error| case_name(&error))?;
        let body = response.consume().expect("it is consumed once");
        Ok((response.status(), Input::new(body)))
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
