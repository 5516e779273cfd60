//! Streams the request's body back as it comes, and its trailers if there are some. A body that
//! breaks off breaks the response off.

use guest::{Reply, Request, Result};

async fn handle(request: Request, reply: Reply) -> Result {
    let content_type = request.header("content-type");
    let field = content_type
        .as_deref()
        .map(|value| ("content-type", value.as_bytes()));
    let announced = request.header("trailer");
    let trailer = announced
        .as_deref()
        .map(|names| ("trailer", names.as_bytes()));
    let fields: Vec<_> = field.into_iter().chain(trailer).collect();

    let mut body = reply.head(200, &fields);
    let mut input = request.into_body();
    while let Some(bytes) = input.read().await {
        body.write(bytes).await?;
    }
    match input.finish().await {
        Ok(trailers) => body.finish_with(trailers).await,
        Err(error) => body.abort(&error).await,
    }
    Ok(())
}

guest::export!(handle);
