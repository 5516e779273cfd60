// ASGI has no trailers.
has_all_behaviours!("python", but trailers);
