// ASGI has no trailers.
behaves!("python", but trailers);
