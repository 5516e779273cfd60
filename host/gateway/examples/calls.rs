//! Measures the gateway alone: CPU time of one call, with no server around it.
//!
//! `cargo run --release -p wasgi-gateway --example calls -- CHAIN... [CALLS]`
//!
//! A chain is a file, or files joined with `+`: middleware first, the app last. Several are called
//! in turn, so that what else the machine does falls on all of them.

#![expect(clippy::print_stdout, reason = "a benchmark prints its results")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use rustix::time::{ClockId, clock_gettime};
use wasgi_gateway::{
    App, AppSettings, Binary, Compiler, DebugInfo, Gateway, GatewayOptions, Grants, Isolation,
    Origin, Peer, RequestId, Reuse,
};

/// Calls of each chain before the next one is called.
const CALLS_IN_TURN: u32 = 500;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut chains: Vec<_> = std::env::args().skip(1).collect();
    let calls: Option<u32> = chains.last().and_then(|last| last.parse().ok());
    if calls.is_some() {
        chains.pop();
    }
    if chains.is_empty() {
        return Err("usage: calls CHAIN... [CALLS]".into());
    }
    let gateway = Gateway::new(&GatewayOptions {
        cache: None,
        compiler: Compiler::InProcess,
        debug_info: DebugInfo::Ignored,
        instances: 16,
    })?;
    for (name, isolation) in [
        ("fresh", Isolation::Request),
        ("reuse", Isolation::Reuse(Reuse::DEFAULT)),
    ] {
        let apps = chains.iter().map(|chain| load(&gateway, chain, isolation));
        let apps = apps.collect::<Result<Vec<_>, _>>()?;
        let turns = calls.unwrap_or(100_000).div_ceil(CALLS_IN_TURN);
        let mut used = vec![Duration::ZERO; apps.len()];
        // The first turn warms up.
        for turn in 0..=turns {
            for (app, used) in apps.iter().zip(&mut used) {
                let before = cpu_time();
                run(app, CALLS_IN_TURN).await?;
                if turn > 0 {
                    *used += cpu_time() - before;
                }
            }
        }
        let first = used[0].as_secs_f64();
        for (chain, used) in chains.iter().zip(&used) {
            let each = *used / (turns * CALLS_IN_TURN);
            let ratio = used.as_secs_f64() / first;
            println!("{name}: {each:?} a call, {ratio:.2} times the first: {chain}");
        }
    }
    Ok(())
}

/// Makes the apps of a chain, and returns the outermost.
fn load(gateway: &Gateway, chain: &str, isolation: Isolation) -> Result<Arc<App>, Box<dyn Error>> {
    let mut outermost = None;
    for file in chain.rsplit('+') {
        let mut settings = AppSettings::new(file);
        settings.isolation = isolation;
        let component = gateway.load(&Binary::read(Path::new(file))?)?;
        outermost = Some(App::new(
            &component,
            settings,
            Grants::default(),
            outermost,
        )?);
    }
    Ok(outermost.expect("a text has a first part"))
}

/// CPU time of this process.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
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
            route_parameters: Vec::new(),
            server: None,
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
