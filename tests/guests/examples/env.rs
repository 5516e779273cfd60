//! Answers with the environment variables and the arguments.

use wasgi_guest::{Request, Response};

fn handle(_: Request) -> Response {
    let variables = std::env::vars().map(|(name, value)| format!("{name}={value}\n"));
    let arguments = std::env::args()
        .enumerate()
        .map(|(i, value)| format!("arg {i}={value}\n"));
    Response::text(variables.chain(arguments).collect::<String>())
}

wasgi_guest::export!(handle);
