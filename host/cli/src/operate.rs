//! The admin interface of a host that serves, made of the host's parts.
//!
//! Owns what is handed to it. What it does with that is the server's.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::oneshot;
use wasgi_server::{Admin, Apps, HostInfo, State, Upgrade};

use crate::failure::reason;
use crate::upgrade::Upgrader;

/// Makes the socket in the state folder, and returns what serves it until the other end of `stop`
/// is dropped. A host whose state is not kept is not to be operated.
///
/// From here on commands reach this process and no longer its predecessor, so nothing that may fail
/// comes after this.
pub(crate) fn begin(
    state: Option<&State>,
    apps: &Arc<Apps>,
    listen: Vec<SocketAddr>,
    upgrader: Upgrader,
    stop: oneshot::Receiver<Infallible>,
) -> impl Future<Output = ()> + use<> {
    let admin = state.and_then(|state| bind(state).zip(Some(absolute(state))));
    let apps = Arc::clone(apps);
    async move {
        let Some((admin, state)) = admin else {
            return;
        };
        let host = HostInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: OffsetDateTime::now_utc(),
            listen,
            state,
        };
        let stopped = async move { drop(stop.await) };
        admin.serve(apps, host, upgrade(upgrader), stopped).await;
    }
}

/// A host that cannot be operated still serves.
fn bind(state: &State) -> Option<Admin> {
    let folder = state.folder();
    match Admin::bind(folder) {
        Ok(admin) => Some(admin),
        Err(error) => {
            let (folder, why) = (folder.display(), reason(&error));
            tracing::warn!("no commands are heard: cannot make a socket in {folder}: {why}");
            None
        }
    }
}

/// The state folder as other processes find it.
fn absolute(state: &State) -> PathBuf {
    let folder = state.folder();
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

fn upgrade(upgrader: Upgrader) -> Upgrade {
    Arc::new(move || {
        let upgrader = upgrader.clone();
        Box::pin(async move {
            let upgraded = upgrader.upgrade().await;
            upgraded
                .map(drop)
                .map_err(|error| format!("the host was not upgraded and goes on: {error}"))
        })
    })
}
