//! Measures the gateway alone: CPU time of one call, with no server around it.
//!
//! `cargo run --release -p wasgi-gateway --example calls -- FILE [CALLS]`

#![expect(clippy::print_stdout, reason = "a benchmark prints its results")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use wasgi_gateway::{
    App, AppSettings, Gateway, GatewayOptions, Isolation, Origin, Peer, RequestId, Reuse,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: calls FILE [CALLS]")?;
    let calls = arguments
        .next()
        .map_or(Ok(100_000), |count| count.parse())?;
    let gateway = Gateway::new(&GatewayOptions {
        cache: None,
        instances: 16,
    })?;
    let component = gateway.load(Path::new(&file))?;
    for (name, isolation) in [
        ("fresh", Isolation::Request),
        ("reuse", Isolation::Reuse(Reuse::DEFAULT)),
    ] {
        let mut settings = AppSettings::new("bench");
        settings.isolation = isolation;
        let app = App::new(&component, settings, None)?;
        run(&app, calls / 10).await?;
        let began = Instant::now();
        run(&app, calls).await?;
        let each = began.elapsed() / calls;
        println!("{name}: {each:?} a call");
    }
    Ok(())
}

async fn run(app: &Arc<App>, calls: u32) -> Result<(), Box<dyn Error>> {
    let remote = Arc::new(Peer {
        address: "127.0.0.1".to_owned(),
        port: 40000,
    });
    for number in 0..calls {
        let request = http::Request::get("/path?query")
            .header("host", "localhost")
            .header("user-agent", "bench")
            .header("accept", "text/html")
            .header("accept-encoding", "gzip")
            .header("accept-language", "en")
            .body(Empty::<Bytes>::new())?;
        let origin = Origin {
            request_id: RequestId::from_number(number.into()),
            local: "127.0.0.1:80".parse()?,
            remote: Arc::clone(&remote),
            script_name_length: 0,
        };
        let response = app
            .call(request, origin)
            .await
            .map_err(|error| error.chain())?;
        let body = response.into_body().collect().await?.to_bytes();
        assert!(
            !body.is_empty(),
            "an app that answers nothing measures nothing"
        );
    }
    Ok(())
}
