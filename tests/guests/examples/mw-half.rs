//! A middleware that reads the first three bytes of the input, and hands on the rest, with the
//! header fields as they came. The field `x-mw-read` of the response has what it read.

use wasgi_guest::{Next, Request, Response, Result};

const BYTES: usize = 3;

fn handle(mut request: Request, next: Next) -> Result<Response> {
    let mut read = Vec::new();
    while let left @ 1.. = u32::try_from(BYTES - read.len())? {
        let mut chunk = request.body().read_at_most(left)?;
        if chunk.is_empty() {
            break;
        }
        read.append(&mut chunk);
    }
    Ok(next.call(request)?.header("x-mw-read", read))
}

wasgi_guest::middleware!(handle);
