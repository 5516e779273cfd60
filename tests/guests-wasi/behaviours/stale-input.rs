//! Keeps the first request's input, and reads from it at the second request.

use std::cell::RefCell;

use guest::{Input, Reply, Request, Result};

thread_local! {
    static KEPT: RefCell<Option<Input>> = const { RefCell::new(None) };
}

async fn handle(request: Request, reply: Reply) -> Result {
    let Some(mut old) = KEPT.take() else {
        KEPT.set(Some(request.into_body()));
        return reply.text("kept\n").await;
    };
    match old.read().await {
        Some(bytes) => reply.text(bytes).await,
        None => reply.text("closed\n").await,
    }
}

guest::export!(handle);
