//! Answers with the request's own body, which it hands on without a look, and has ended by the time
//! that it comes.

use guest::Answer;
use guest::wasip3::exports::http::handler::Guest;
use guest::wasip3::http::types::{Fields, Request, Response};
use guest::wasip3::wit_future;

struct App;

impl Guest for App {
    async fn handle(request: Request) -> Answer {
        let (_, read) = wit_future::new(|| Ok(()));
        let (body, trailers) = Request::consume_body(request, read);
        let (response, _) = Response::new(Fields::new(), Some(body), trailers);
        Ok(response)
    }
}

guest::wasip3::http::service::export!(App);
