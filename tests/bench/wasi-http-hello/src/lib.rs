//! What the fixture `hello` does, over `wasi:http/incoming-handler@0.2`: the benchmark's guest for
//! other hosts. It must not do more or less than `hello` does.

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

struct Hello;

impl Guest for Hello {
    fn handle(_: IncomingRequest, out: ResponseOutparam) {
        let fields = Fields::new();
        let text = b"text/plain; charset=utf-8".to_vec();
        fields.append("content-type", &text).expect("a valid field");
        let response = OutgoingResponse::new(fields);
        let body = response
            .body()
            .expect("the first time that the body is asked for");
        ResponseOutparam::set(out, Ok(response));
        let stream = body
            .write()
            .expect("the first time that the stream is asked for");
        stream
            .blocking_write_and_flush(b"hello\n")
            .expect("a client that listens");
        drop(stream);
        OutgoingBody::finish(body, None).expect("a body without a length");
    }
}

wasip2::http::proxy::export!(Hello);
