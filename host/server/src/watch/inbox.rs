//! What the watching thread is told: events, orders and the end. It is bounded, and never waits.

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{Event, EventKind};
use tokio::sync::oneshot;

use super::Wanted;

/// What happened to one name in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    /// It is there now, and perhaps still empty.
    Created,
    /// Some of its bytes changed, and its writer may go on.
    Written,
    /// A writer has closed it.
    Closed,
    /// Its times or permissions changed, or nobody knows what.
    Touched,
    /// It came with a rename, complete.
    Moved,
    /// It was deleted, or renamed to something else.
    Gone,
}

/// What is to be watched from now on.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) wanted: Wanted,
    /// Is told, or dropped, when the order is carried out or a newer one has taken its place.
    pub(super) done: oneshot::Sender<()>,
}

/// Everything that came since the last look.
#[derive(Debug, Default)]
pub(super) struct Mail {
    pub(super) events: Vec<(PathBuf, Happened)>,
    /// Events were lost: anything may have changed.
    pub(super) is_lossy: bool,
    pub(super) order: Option<Order>,
    pub(super) is_closed: bool,
}

impl Mail {
    fn is_empty(&self) -> bool {
        self.events.is_empty() && !self.is_lossy && self.order.is_none() && !self.is_closed
    }
}

/// Where mail is put by any thread, and taken by one.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    mail: Mutex<Mail>,
    bell: Condvar,
}

impl Inbox {
    /// Takes what came, or waits for it until then.
    pub(super) fn wait(&self, until: Instant) -> Mail {
        let mut mail = self.lock();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if !mail.is_empty() || left.is_zero() {
                return std::mem::take(&mut mail);
            }
            let woken = self.bell.wait_timeout(mail, left);
            (mail, _) = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Puts an order in the place of one that was not carried out yet.
    pub(super) fn order(&self, order: Order) {
        self.lock().order = Some(order);
        self.bell.notify_one();
    }

    /// Ends the watching.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.bell.notify_one();
    }

    /// Takes an event from the system.
    pub(super) fn deliver(&self, event: notify::Result<Event>) {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                tracing::debug!("a watched folder reports an error: {error}");
                Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan)
            }
        };
        let is_lossy = event.need_rescan();
        let happened = happened(event.kind);
        if !is_lossy && happened.is_none() {
            return;
        }
        let mut mail = self.lock();
        mail.is_lossy |= is_lossy;
        for path in event.paths {
            let Some(happened) = happened else { break };
            // A large file that is written tells so again and again.
            if mail
                .events
                .last()
                .is_some_and(|last| last.0 == path && last.1 == happened)
            {
                continue;
            }
            // Limit: EVENTS_MAX
            if mail.events.len() >= EVENTS_MAX {
                mail.events.clear();
                mail.is_lossy = true;
            }
            mail.events.push((path, happened));
        }
        drop(mail);
        self.bell.notify_one();
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Mail> {
        // Nothing is left half done under this lock.
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As many as the kernel queues by default; with more it is cheaper to look at everything.
const EVENTS_MAX: usize = 16_384;

/// None for what says nothing about a file's bytes.
fn happened(kind: EventKind) -> Option<Happened> {
    match kind {
        EventKind::Create(_) => Some(Happened::Created),
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
            Some(Happened::Gone)
        }
        EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Some(Happened::Moved),
        // It repeats one event of each kind.
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) | EventKind::Other => None,
        EventKind::Modify(ModifyKind::Data(_)) => Some(Happened::Written),
        EventKind::Modify(_) | EventKind::Any => Some(Happened::Touched),
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(Happened::Closed),
        EventKind::Access(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use notify::event::DataChange;

    use super::*;

    fn written(path: &str) -> notify::Result<Event> {
        let kind = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        Ok(Event::new(kind).add_path(path.into()))
    }

    #[test]
    fn repeated_events_are_kept_once() {
        let inbox = Inbox::default();
        for path in ["/a", "/a", "/b", "/a"] {
            inbox.deliver(written(path));
        }
        let mail = inbox.wait(Instant::now());
        let paths: Vec<_> = mail.events.iter().map(|event| event.0.to_str()).collect();
        assert_eq!(paths, [Some("/a"), Some("/b"), Some("/a")]);
        assert!(inbox.wait(Instant::now()).is_empty());
    }

    #[test]
    fn more_events_than_the_limit_become_one_look_at_everything() {
        let inbox = Inbox::default();
        for n in 0..=EVENTS_MAX {
            inbox.deliver(written(&format!("/{n}")));
        }
        let mail = inbox.wait(Instant::now());
        assert!(mail.is_lossy);
        assert_eq!(mail.events.len(), 1);
    }

    #[test]
    fn an_error_becomes_a_look_at_everything() {
        let inbox = Inbox::default();
        inbox.deliver(Err(notify::Error::generic("unmounted")));
        assert!(inbox.wait(Instant::now()).is_lossy);
    }
}
