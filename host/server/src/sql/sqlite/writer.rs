//! The queue of the connections that want to write: SQLite has one writer, and no queue.
//!
//! Must not be left while a transaction has written: see `Connection::settle`.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use wasgi_gateway::SqlError;

use super::control::Control;
use super::error;

/// The place of one connection in the queue.
pub(super) struct Writer {
    queue: Arc<Semaphore>,
    wait: Duration,
    runtime: Handle,
    permit: Option<OwnedSemaphorePermit>,
}

impl Writer {
    pub(super) fn new(queue: &Arc<Semaphore>, wait: Duration, runtime: Handle) -> Self {
        Self {
            queue: Arc::clone(queue),
            wait,
            runtime,
            permit: None,
        }
    }

    /// Waits until this connection is the one that writes. Blocks.
    pub(super) fn enter(&mut self, control: &Control) -> Result<(), SqlError> {
        if self.permit.is_some() {
            return Ok(());
        }
        let session = control.session();
        let queue = Arc::clone(&self.queue);
        let wait = self.wait;
        let entered = self.runtime.block_on(async move {
            tokio::select! {
                () = session.cancelled() => None,
                // Limit: SqlLimits::wait
                entered = timeout(wait, queue.acquire_owned()) => entered.ok()?.ok(),
            }
        });
        self.permit = Some(entered.ok_or_else(|| error::busy(wait))?);
        Ok(())
    }

    /// Lets the next one write.
    pub(super) fn leave(&mut self) {
        self.permit = None;
    }
}
