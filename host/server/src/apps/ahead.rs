//! An instance that is made before anybody asks for it, of an app that is served from source: it
//! takes as long as importing the source does.
//!
//! Owns when one is made. How long it is kept is the gateway's to say.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use wasgi_gateway::App;

use super::loader::Loader;
use super::spec::AppSpec;

/// The instance that is made ahead. Dropping this gives up one that is not ready.
pub(crate) struct Ahead {
    loader: Arc<Loader>,
    spec: Arc<AppSpec>,
    app: Arc<App>,
    making: Mutex<Making>,
    /// Nothing came of the last one. The next request finds out why.
    has_failed: Arc<AtomicBool>,
}

struct Making {
    /// Closed when it is ready, or given up.
    ready: watch::Receiver<()>,
    _task: AbortOnDropHandle<()>,
}

impl Ahead {
    /// Begins to make the first instance.
    pub(crate) fn begin(loader: &Arc<Loader>, spec: &Arc<AppSpec>, app: &Arc<App>) -> Self {
        let has_failed = Arc::default();
        let making = make(loader, spec, app, &has_failed);
        Self {
            loader: Arc::clone(loader),
            spec: Arc::clone(spec),
            app: Arc::clone(app),
            making: Mutex::new(making),
            has_failed,
        }
    }

    /// Waits for the instance that is being made: making another one would take longer.
    pub(crate) async fn ready(&self) {
        let mut ready = self.lock().ready.clone();
        // Nothing is ever sent: it ends when the task does.
        while ready.changed().await.is_ok() {}
    }

    /// Makes another instance if there is none. To be called now and then.
    pub(crate) fn sweep(&self) {
        let mut making = self.lock();
        let is_over = making.ready.has_changed().is_err();
        if is_over && self.app.is_vacant() && !self.has_failed.load(Ordering::Relaxed) {
            *making = make(&self.loader, &self.spec, &self.app, &self.has_failed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Making> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make(
    loader: &Arc<Loader>,
    spec: &Arc<AppSpec>,
    app: &Arc<App>,
    has_failed: &Arc<AtomicBool>,
) -> Making {
    let (sender, ready) = watch::channel(());
    let (loader, app, has_failed) = (Arc::clone(loader), Arc::clone(app), Arc::clone(has_failed));
    let wall = spec.program.settings.limits.wall;
    let task = tokio::spawn(async move {
        // Limit: Limits::wall
        let why = match timeout(wall, loader.make_ready(&app)).await {
            Ok(Ok(_)) => None,
            Ok(Err(why)) => Some(why),
            Err(_) => Some(format!("it was not ready within {wall:?}")),
        };
        has_failed.store(why.is_some(), Ordering::Relaxed);
        if let Some(why) = why {
            let app = &app.settings().name;
            tracing::error!(app, "cannot begin: {why}");
        }
        drop(sender);
    });
    Making {
        ready,
        _task: AbortOnDropHandle::new(task),
    }
}
