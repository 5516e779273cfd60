//! Answers with the environ, a line for each field in the order of the WIT, then the header fields.

use wasgi_guest::{Request, Response};

#[expect(clippy::needless_pass_by_value, reason = "a handler owns its request")]
fn handle(request: Request) -> Response {
    let e = request.environ();
    let query = e
        .query_string
        .as_ref()
        .map_or("none".to_owned(), |q| format!("some({q})"));
    let remote = e
        .remote
        .as_ref()
        .map(|peer| format!("{}:{}", peer.address, peer.port));
    let tls = e
        .tls
        .as_ref()
        .map(|tls| format!("{} {}", tls.version, tls.cipher));
    let parameters = e.route_parameters.iter().map(|(k, v)| format!("{k}:{v}"));
    let lines = [
        format!("request-method={}", e.request_method),
        format!("url-scheme={}", e.url_scheme),
        format!("server-name={}", e.server_name),
        format!("server-port={}", e.server_port),
        format!("script-name={}", e.script_name),
        format!("path-info={}", e.path_info),
        format!("query-string={query}"),
        format!("server-protocol={}", e.server_protocol),
        format!("remote={}", remote.as_deref().unwrap_or("none")),
        format!("tls={}", tls.as_deref().unwrap_or("none")),
        format!("request-id={}", e.request_id),
        format!(
            "route-parameters={}",
            parameters.collect::<Vec<_>>().join(",")
        ),
    ];
    let mut text = (lines.join("\n") + "\n").into_bytes();
    for (name, value) in &e.headers {
        let parts = [b"header ", name.as_bytes(), b"=", value, b"\n"];
        parts.iter().for_each(|part| text.extend_from_slice(part));
    }
    Response::text(text)
}

wasgi_guest::export!(handle);
