//! The wait for the next piece of a body: bounded, and without a timer until there is a wait.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::error::{Error, Kind};

/// The wait for one body's pieces. It counts from the first poll that finds nothing.
#[derive(Default)]
pub(crate) struct Idle {
    timer: Option<Pin<Box<Sleep>>>,
    waits: bool,
}

impl Idle {
    /// Says that a piece came: the next wait begins anew.
    pub(crate) fn reset(&mut self) {
        self.waits = false;
    }

    /// Starts the wait or goes on with it. Ready when it has taken too long.
    pub(crate) fn poll(&mut self, limit: Duration, cx: &mut Context<'_>) -> Poll<()> {
        // Limit: Limits::idle
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        if !std::mem::replace(&mut self.waits, true) {
            timer.as_mut().reset(Instant::now() + limit);
        }
        timer.as_mut().poll(cx)
    }
}

/// The error of a guest that took too long.
pub(crate) fn too_idle(limit: Duration) -> Error {
    Error::new(
        Kind::IdleLimit,
        format!("it made no chunk of its body within {limit:?}"),
    )
}
