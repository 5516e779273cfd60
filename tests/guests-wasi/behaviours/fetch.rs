//! Sends its own request's body to `url` (`method`, `field`, `timeout-ms`), and answers with the
//! status that comes back and the body as it comes, or with the text `error: NAME`. With `twice`,
//! a request without a body goes before it. A body that breaks off breaks the response off.

use guest::{Exchange, Input, Outgoing, Reply, Request, Result};

async fn handle(request: Request, reply: Reply) -> Result {
    let outgoing = Outgoing::new(|name| request.parameter(name));
    let is_twice = request.parameter::<String>("twice").is_some();
    let first = if is_twice {
        discard(&outgoing).await
    } else {
        Ok(())
    };
    let fetched = match first {
        Ok(()) => send(&outgoing, request.into_body()).await,
        Err(why) => Err(why),
    };
    match fetched {
        Ok((status, input)) => pass_on(status, input, reply).await,
        Err(why) => reply.text(format!("error: {why}\n")).await,
    }
}

async fn discard(outgoing: &Outgoing) -> std::result::Result<(), String> {
    let exchange = Exchange::start(outgoing).await?;
    let (_, mut input) = exchange.response().await?;
    while input.read().await.is_some() {}
    input.finish().await.map(drop)
}

async fn send(outgoing: &Outgoing, mut input: Input) -> std::result::Result<(u16, Input), String> {
    let mut exchange = Exchange::start(outgoing).await?;
    while let Some(bytes) = input.read().await {
        if exchange.write(bytes).await.is_err() {
            // The response says why.
            return exchange.response().await;
        }
    }
    input.finish().await?;
    exchange.response().await
}

#[expect(clippy::print_stderr, reason = "the log has the reason")]
async fn pass_on(status: u16, mut input: Input, reply: Reply) -> Result {
    let mut body = reply.head(status, &[]);
    while let Some(bytes) = input.read().await {
        body.write(bytes).await?;
    }
    match input.finish().await {
        Ok(_) => body.finish().await,
        Err(error) => {
            eprintln!("the response broke off: {error}");
            body.abort(&error).await;
        }
    }
    Ok(())
}

guest::export!(handle);
