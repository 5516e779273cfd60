//! Ending what has waited for too long: instances, and apps that nobody asks for.

use std::sync::atomic::Ordering;

use tokio::task::spawn_blocking;
use tokio::time::Instant;
use wasgi_gateway::App;

use super::Apps;
use super::slot::{Release, Slot};

impl Apps {
    /// Ends what has waited for too long. To be called now and then.
    pub(crate) fn sweep(&self, now: Instant) {
        let now = self.milliseconds(now);
        let idle = u64::try_from(self.options.idle.as_millis()).unwrap_or(u64::MAX);
        for slot in self.slots.load().values() {
            let serving = slot.serving();
            let is_idle = now.saturating_sub(slot.used()) >= idle;
            for release in serving.releases() {
                let Some(loaded) = release.loaded() else {
                    continue;
                };
                loaded.entry.sweep();
                if let Some(ahead) = &loaded.ahead {
                    ahead.sweep();
                }
                loaded.layers().for_each(|app| tell_of_dropped_log(app));
                if is_idle {
                    Self::let_go(slot, release);
                }
            }
        }
    }

    /// Lets an idle release go, unless it could not be loaded again or is being changed.
    fn let_go(slot: &Slot, release: &Release) {
        let Ok(_changing) = slot.changing.try_lock() else {
            return;
        };
        if release.is_kept.load(Ordering::Relaxed)
            && let Some(loaded) = release.unload()
        {
            tracing::debug!(app = slot.name, "let go: no requests");
            // Unmapping its code takes time that the sweep has not.
            drop(spawn_blocking(move || drop(loaded)));
        }
    }
}

fn tell_of_dropped_log(app: &App) {
    let dropped = app.take_dropped_log();
    if dropped > 0 {
        let app = &app.settings().name;
        tracing::warn!(
            app,
            "{dropped} bytes of log output were dropped: over the limit"
        );
    }
}
