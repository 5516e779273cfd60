//! Answers with the environment variables and the arguments.

use guest::{Reply, Request, Result};

async fn handle(_: Request, reply: Reply) -> Result {
    let variables = std::env::vars().map(|(name, value)| format!("{name}={value}\n"));
    let arguments = std::env::args()
        .enumerate()
        .map(|(i, value)| format!("arg {i}={value}\n"));
    reply
        .text(variables.chain(arguments).collect::<String>())
        .await
}

guest::export!(handle);
