//! What happens to a host that serves: it is told to stop, or to make room for its successor.
//!
//! Owns the signals, and what each of them begins.

use std::io;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use wasgi_server::{Apps, Shutdown, State};

use crate::failure::{Failure, cannot};
use crate::inherited::{Inherited, STATE};
use crate::listeners::Listener;
use crate::systemd::Service;
use crate::upgrade::{Handover, Predecessor, Program, Upgrader};

/// What can end a host, or lets it go on.
pub(crate) struct Life {
    predecessor: Predecessor,
    service: Service,
    stop: Signals,
    upgrade: Signal,
    upgrader: Upgrader,
    handover: Handover,
}

impl Life {
    /// Begins to hear signals, and closes what was handed over and nobody took.
    pub(crate) fn new(
        program: Program,
        mut inherited: Inherited,
        listeners: &[Listener],
        state: Option<&State>,
        apps: Arc<Apps>,
        upgrade_wait: Duration,
    ) -> Result<Self, Failure> {
        let shares = listeners.iter().map(Listener::share);
        let mut shares = shares
            .collect::<io::Result<Vec<_>>>()
            .map_err(|error| cannot("listen", &error))?;
        if let Some(state) = state {
            let lock = state.lock_descriptor().as_fd().try_clone_to_owned();
            shares.push((
                STATE,
                lock.map_err(|error| cannot("hold its state", &error))?,
            ));
        }
        let service = inherited.service.clone();
        let (upgrader, handover) =
            Handover::new(program, service.clone(), shares, upgrade_wait, apps);
        Ok(Self {
            predecessor: Predecessor::new(&mut inherited),
            service,
            stop: Signals::listen()?,
            upgrade: listen(SignalKind::user_defined2())?,
            upgrader,
            handover,
        })
    }

    /// What asks for upgrades.
    pub(crate) fn upgrader(&self) -> Upgrader {
        self.upgrader.clone()
    }

    /// Tells those who wait that the host serves, and ends when it is to stop.
    pub(crate) async fn until_its_end(mut self) -> Shutdown {
        // The one before tells systemd, which may not listen to this one yet.
        if !self.predecessor.release() {
            self.service.ready(std::process::id());
        }
        tokio::select! {
            () = self.stop.next() => {
                self.service.stopping();
                Shutdown::End
            }
            () = self.handover.completed() => Shutdown::Handover,
            never = self.upgrader.upgrade_at(self.upgrade) => match never {},
            never = self.service.watch() => match never {},
        }
    }
}

/// The signals that stop the server. Each listener hears every one.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Self, Failure> {
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Keeps the signal that asks for an upgrade from ending a process that does not hear it yet.
pub(crate) fn ignore_upgrades() -> Result<(), Failure> {
    listen(SignalKind::user_defined2()).map(drop)
}

fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| cannot("listen for signals", &error))
}
