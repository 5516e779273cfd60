//! Sends its own request's body to `url` (`method`, `field`, `timeout-ms`), and answers with the
//! status that comes back and the body as it comes, or with the text `error: NAME`. With `twice`,
//! a request without a body goes before it. A body that breaks off breaks the response off.

use std::iter;

use fixture_guests::{name, parameter};
use guest_http02::{Exchange, Input, Outgoing, block_on};
use wasgi_guest::{Body, Request, Response};

fn handle(request: Request) -> Response {
    let outgoing = Outgoing::new(|name| parameter(&request, name));
    let is_twice = parameter::<String>(&request, "twice").is_some();
    let first = if is_twice { discard(&outgoing) } else { Ok(()) };
    match first.and_then(|()| send(&outgoing, request)) {
        Ok((status, input)) => Response::new(status).body(pass_on(input)),
        Err(why) => Response::text(format!("error: {why}\n")),
    }
}

fn discard(outgoing: &Outgoing) -> Result<(), String> {
    let exchange = block_on(Exchange::start(outgoing))?;
    let (_, mut input) = block_on(exchange.response())?;
    while block_on(input.read()).is_some() {}
    block_on(input.finish()).map(drop)
}

fn send(outgoing: &Outgoing, request: Request) -> Result<(u16, Input), String> {
    let mut exchange = block_on(Exchange::start(outgoing))?;
    for chunk in request.into_body() {
        let chunk = chunk.map_err(|error| name(&error))?;
        if block_on(exchange.write(chunk)).is_err() {
            // The response says why.
            break;
        }
    }
    block_on(exchange.response())
}

/// The body of the response that came, chunk by chunk.
fn pass_on(input: Input) -> Body {
    let mut input = Some(input);
    Body::chunks(iter::from_fn(move || {
        if let Some(bytes) = block_on(input.as_mut()?.read()) {
            return Some(Ok(bytes));
        }
        let end = block_on(input.take()?.finish());
        end.err()
            .map(|why| Err(format!("the response broke off: {why}")))
    }))
}

wasgi_guest::export!(handle);
