//! All behaviours that the suite asks for, each at its path. They are those of the fixtures of the
//! other contracts, with the same parameters.

#![forbid(unsafe_code)]

mod bodies;

use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasgi_guest::{Error, Request, Response, Result};

wasgi_guest::export!(handle);

fn handle(request: Request) -> Result<Response> {
    match request.path() {
        "/hello" => Ok(Response::text("Hello, world!\n")),
        "/environ" => Ok(environ(&request)),
        "/cookies" => Ok(cookies(&request)),
        "/status" => {
            let code = parameter(&request, "code", 200);
            Ok(Response::text("status\n").status(code))
        }
        "/random" => Ok(random()),
        "/env" => Ok(env()),
        "/log" => Ok(log()),
        "/count" => {
            let count = REQUESTS.fetch_add(1, Ordering::Relaxed) + 1;
            Ok(Response::text(count.to_string()))
        }
        "/fail" => Err(Error::from("told to fail")),
        "/trap" => trap(&request),
        "/echo" => Ok(bodies::echo(request)),
        "/length" => Ok(bodies::length(request)),
        "/stream" => Ok(bodies::stream(&request)),
        "/ticks" => Ok(bodies::ticks(&request)),
        "/trailers" => Ok(bodies::trailers()),
        "/fail-mid-body" => Ok(bodies::fail_mid_body()),
        _ => Ok(Response::text("no such behaviour\n").status(404)),
    }
}

static REQUESTS: AtomicUsize = AtomicUsize::new(0);

/// A value in the query.
fn parameter<T: FromStr>(request: &Request, name: &str, otherwise: T) -> T {
    let pairs = request.query().unwrap_or_default().split('&');
    pairs
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(key, value)| (key == name).then(|| value.parse().ok())?)
        .unwrap_or(otherwise)
}

fn environ(request: &Request) -> Response {
    let environ = request.environ();
    let query = environ.query_string.as_ref();
    let query = query.map_or("none".to_owned(), |query| format!("some({query})"));
    let remote = environ.remote.as_ref();
    let remote = remote.map(|peer| format!("{}:{}", peer.address, peer.port));
    let tls = environ.tls.as_ref().map(|tls| tls.version.as_str());
    let parameters = environ.route_parameters.iter();
    let parameters: Vec<_> = parameters
        .map(|(name, value)| format!("{name}:{value}"))
        .collect();
    let lines = [
        ("request-method", environ.request_method.as_str()),
        ("url-scheme", &environ.url_scheme),
        ("server-name", &environ.server_name),
        ("server-port", &environ.server_port.to_string()),
        ("script-name", &environ.script_name),
        ("path-info", &environ.path_info),
        ("query-string", &query),
        ("server-protocol", &environ.server_protocol),
        ("remote", remote.as_deref().unwrap_or("none")),
        ("tls", tls.unwrap_or("none")),
        ("request-id", &environ.request_id),
        ("route-parameters", &parameters.join(",")),
    ];
    let mut text = Vec::new();
    for (name, value) in lines {
        text.extend(format!("{name}={value}\n").bytes());
    }
    for (name, value) in &environ.headers {
        let parts = [b"header ", name.as_bytes(), b"=", value, b"\n"];
        text.extend(parts.concat());
    }
    Response::text(text)
}

fn cookies(request: &Request) -> Response {
    Response::text("cookies\n")
        .header("set-cookie", "a=1")
        .header("set-cookie", "b=2")
        .header("x-bytes", [0xff, 0xfe])
        .header("x-agent", request.header("user-agent").unwrap_or("none"))
}

fn random() -> Response {
    let bytes = wasip2::random::random::get_random_bytes(16);
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    Response::text(digits.collect::<String>())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the host grants a guest its environment"
)]
fn env() -> Response {
    Response::text(std::env::var("GREETING").unwrap_or("none".to_owned()))
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is what this behaviour is"
)]
fn log() -> Response {
    eprintln!("a line of the guest");
    println!("a line of stdio");
    Response::text("logged\n")
}

#[expect(clippy::indexing_slicing, reason = "the check ends the instance")]
fn trap(request: &Request) -> Result<Response> {
    let path = request.path().as_bytes();
    let beyond = path[path.len() + REQUESTS.load(Ordering::Relaxed)];
    Ok(Response::text(beyond.to_string()))
}
