//! What a connection costs that a browser keeps open and does not use.

use anyhow::{Context, Result};

use super::Bench;
use super::http::{self, Client};
use super::process::Server;
use super::report::Report;

/// Opens many connections, sends one request on each, and reads the memory that they hold.
pub(super) fn measure(bench: &Bench<'_>, report: &mut Report) -> Result<()> {
    let connections = bench.scale.idle_connections;
    let mut rows = Vec::new();
    for server in [
        bench.bare_hyper()?,
        bench.wasgi_guest("wasgi, fresh", "hello", &["--access-log=off"])?,
        bench.wasgi_guest(
            "wasgi, reuse",
            "hello",
            &["--access-log=off", "--isolation=reuse"],
        )?,
    ] {
        let name = &server.name;
        drop(open(&server, 100)?);
        let before = server.resident()?;
        let open = open(&server, connections).with_context(|| name.clone())?;
        let growth = server.resident()?.saturating_sub(before) as f64;
        drop(open);
        let (total, each) = (
            growth / 1024.0 / 1024.0,
            growth / 1024.0 / connections as f64,
        );
        report.raw("idle", name, 1, "growth MiB", total);
        report.raw("idle", name, 1, "KiB/connection", each);
        rows.push(vec![
            name.clone(),
            format!("{total:.1}"),
            format!("{each:.2}"),
        ]);
    }
    report.table(
        &format!("{connections} idle keep-alive connections, one request on each"),
        &["server", "growth, MiB", "KiB/connection"],
        rows,
    );
    Ok(())
}

fn open(server: &Server, connections: usize) -> Result<Vec<Client>> {
    let request = http::request(server.address, "GET", "/", "");
    let connect = |_| {
        let mut client = Client::connect(server.address)?;
        client.expect(&request, b"hello\n")?;
        Ok(client)
    };
    (0..connections).map(connect).collect()
}
