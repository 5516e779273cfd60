//! `wasgi serve`: carries out a plan.
//!
//! Owns the order of the start: all apps are loaded, then all addresses are bound, then the first
//! line says so. A failure before that line leaves nothing behind.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use wasgi_gateway::{App, Gateway, GatewayOptions, Outbound};
use wasgi_server::{Mount, OutboundClient, Server};

use crate::args::ServeArgs;
use crate::diagnostics::Diagnostics;
use crate::failure::{Failure, reason};
use crate::mount;
use crate::plan::{Plan, PlannedApp};

/// Time that threads get to end after the requests have. A guest that was cut off may hold one in a
/// call to the host's file system.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Serves until a signal says to stop, and then until the running requests have ended.
pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let plan = Plan::new(args)?;
    let diagnostics = Diagnostics::hold(args.log);
    raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| cannot("start threads", &error))?;
    let inside = runtime.enter();

    let options = GatewayOptions {
        cache: plan.cache.clone(),
        instances: plan.instances(),
    };
    let gateway = Gateway::new(&options)?;
    let mounts = plan
        .apps
        .into_iter()
        .map(|app| load(&gateway, app))
        .collect::<Result<Vec<_>, Failure>>()?;
    let listeners = plan
        .listen
        .iter()
        .map(bind)
        .collect::<Result<Vec<_>, _>>()?;
    for mount in &mounts {
        tracing::info!(
            app = mount.app.settings().name,
            path = mount::show(&mount.path),
            "serving"
        );
    }
    // From here on a signal is heard. The second ends the requests that the first let run on.
    let mut first = Signals::listen()?;
    let mut second = Signals::listen()?;
    let server = Server::new(plan.server, mounts).map_err(|error| cannot("serve", &error))?;
    let addresses = listeners
        .iter()
        .map(TcpListener::local_addr)
        .collect::<io::Result<Vec<_>>>()
        .map_err(|error| cannot("listen", &error))?;
    diagnostics.announce(&addresses);

    let serving = server.run(listeners, async move { first.next().await });
    let result = runtime.block_on(async move {
        tokio::select! {
            () = serving => Ok(()),
            () = async { second.next().await; second.next().await } => Err(Failure::run_time(
                "a second signal ended the server before its requests had ended",
            )),
        }
    });
    drop(inside);
    runtime.shutdown_timeout(LAST_WAIT);
    result
}

fn cannot(what: &str, error: &io::Error) -> Failure {
    Failure::run_time(format!("cannot {what}: {}", reason(error)))
}

fn load(gateway: &Gateway, app: PlannedApp) -> Result<Mount, Failure> {
    let component = gateway.load(&app.component)?;
    tracing::debug!(app = app.settings.name, component = %app.component.display(), "loaded");
    let outbound = app
        .outbound
        .map(|settings| Arc::new(OutboundClient::new(settings)) as Arc<dyn Outbound>);
    Ok(Mount {
        path: app.mount,
        app: App::new(&component, app.settings, outbound)?,
    })
}

fn bind(address: &SocketAddr) -> Result<TcpListener, Failure> {
    wasgi_server::bind(*address).map_err(|error| {
        let failure = Failure::run_time(format!("cannot listen on {address}: {}", reason(&error)));
        match error.kind() {
            io::ErrorKind::AddrInUse => {
                let free = SocketAddr::new(address.ip(), 0);
                failure.hint(format!("`--addr {free}` takes a free port"))
            }
            io::ErrorKind::PermissionDenied if address.port() < 1024 => {
                failure.hint("ports below 1024 need privileges; take one above")
            }
            _ => failure,
        }
    })
}

/// Lifts the limit of open files to what the machine allows: each connection is one. Where that is
/// refused, the lower limit holds.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    if let Err(error) = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    ) {
        tracing::debug!(%error, "cannot raise the limit of open files");
    }
}

/// The signals that stop the server. Each listener hears every one.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| cannot("listen for signals", &error));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
