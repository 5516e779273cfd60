//! Answers with the file `read`, or writes the request's body to the file `write`.

use std::fs::File;
use std::io::{self, Write as _};

use guest::{Reply, Request, Result, TEXT};

async fn handle(request: Request, reply: Reply) -> Result {
    let done = match request.parameter::<String>("read") {
        Some(path) => std::fs::read(path),
        None => write(request).await,
    };
    match done {
        Ok(text) => reply.text(text).await,
        Err(error) => {
            let mut body = reply.head(500, TEXT);
            body.write(format!("{error:?}\n")).await?;
            body.finish().await;
            Ok(())
        }
    }
}

async fn write(request: Request) -> io::Result<Vec<u8>> {
    let path: Option<String> = request.parameter("write");
    let mut file = File::create(path.ok_or(io::ErrorKind::InvalidInput)?)?;
    let mut input = request.into_body();
    while let Some(chunk) = input.read().await {
        file.write_all(&chunk)?;
    }
    input.finish().await.map_err(io::Error::other)?;
    Ok(b"written\n".to_vec())
}

guest::export!(handle);
