//! The apps of a server, which may change while it serves: what answers which request, loaded when
//! it is first asked for, and replaced without a request lost.
//!
//! - `spec`: what the operator wants. `slot`: one app's place, and which release is active.
//! - `loader`: from bytes to an app; `ahead`: its first instance. `waking`: loading what is asked for. `changes`: deploys,
//!   rollbacks, splits. `files`: what changed files come to; `live`: hearing of them. `status`:
//!   telling of it.
//!
//! A request never waits for a change: it sees the one before or the one after. Only an app of
//! which nothing is loaded makes it wait.

mod ahead;
mod changes;
mod files;
mod live;
mod loader;
mod slot;
mod spec;
mod status;
mod sweep;
mod waking;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::future::join_all;
use http::HeaderValue;
use http::request::Parts;
use tokio::sync::OwnedRwLockWriteGuard;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};
use wasgi_gateway::{App, Error, Gateway, Kind, Peer};

pub use self::changes::{ChangeError, Share, chain};
pub use self::live::{Reread, Watching};
pub use self::loader::Refused;
pub use self::spec::{AppSpec, Desired, ProgramSpec, Sources};
pub use self::status::{AppStatus, ReleaseStatus, SplitStatus, TroubleStatus};

use self::loader::Loader;
pub(crate) use self::slot::Slot;
use self::slot::Trouble;
use crate::routes::{Conflict, Found, Routes};
use crate::state::{Record, State};
use crate::target;

/// Apps up to which all are loaded before the server listens, unless it is told otherwise.
const EAGER_APPS_MAX: usize = 64;

/// When apps are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Before the server listens; one that cannot be loaded keeps it from starting.
    Eager,
    /// With their first request.
    Lazy,
}

/// What an operator decides about all apps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppsOptions {
    /// When apps are loaded. None: eagerly if there are few of them.
    pub load: Option<Load>,
    /// Time without requests after which an app is let go, to be loaded again by the next one.
    pub idle: Duration,
    /// Releases of each app that are kept to go back to.
    pub releases: usize,
}

impl AppsOptions {
    /// The options of a server that is told nothing else.
    pub const DEFAULT: Self = Self {
        load: None,
        idle: Duration::from_secs(600),
        releases: crate::state::RELEASES_KEPT,
    };
}

/// The apps of a server.
pub struct Apps {
    routes: ArcSwap<Routes<Arc<Slot>>>,
    slots: ArcSwap<BTreeMap<String, Arc<Slot>>>,
    loader: Arc<Loader>,
    /// None: nothing is kept, so nothing can be deployed.
    state: Option<Arc<State>>,
    options: AppsOptions,
    /// The server's clock, by which slots say when they were used.
    start: Instant,
    /// Held to read by whoever writes to the state folder.
    writing: Arc<tokio::sync::RwLock<()>>,
    /// Held to write while nobody may.
    suspended: Mutex<Option<OwnedRwLockWriteGuard<()>>>,
    /// Taken by whoever changes which apps there are.
    applying: tokio::sync::Mutex<()>,
    /// Why what the operator wants was refused as a whole.
    trouble: Mutex<Option<Trouble>>,
}

/// Where a request goes.
pub(crate) enum Destination {
    App {
        slot: Arc<Slot>,
        script_name_length: usize,
        parameters: Vec<(String, String)>,
    },
    Redirect {
        status: http::StatusCode,
        location: HeaderValue,
    },
}

/// Who answers a request, and what its response is to have besides.
pub(crate) struct Entry {
    pub(crate) app: Arc<App>,
    pub(crate) cookie: Option<HeaderValue>,
}

/// Why the apps that an operator wants cannot all be served.
#[derive(Debug)]
pub enum ApplyError {
    /// Two apps would answer the same requests. Nothing was changed.
    Conflict(Box<Conflict>),
    /// These apps, by name, could not be loaded; the others are served.
    Apps(Vec<(String, Refused)>),
}

impl Apps {
    /// No apps yet.
    pub fn new(gateway: Gateway, state: Option<Arc<State>>, options: AppsOptions) -> Arc<Self> {
        let nothing = Routes::build(Vec::new(), Vec::new(), None);
        let nothing = nothing.expect("no routes do not collide");
        Arc::new(Self {
            routes: ArcSwap::from_pointee(nothing),
            slots: ArcSwap::default(),
            loader: Arc::new(Loader::new(gateway)),
            state,
            options,
            start: Instant::now(),
            writing: Arc::default(),
            suspended: Mutex::default(),
            applying: tokio::sync::Mutex::default(),
            trouble: Mutex::default(),
        })
    }

    /// Serves what the operator wants from now on. Apps that did not change are left alone; one
    /// that changed and cannot be loaded stays as it was.
    pub async fn apply(self: &Arc<Self>, desired: Desired) -> Result<(), ApplyError> {
        let _applying = self.applying.lock().await;
        let load = self.load(desired.apps.len());
        self.reserve(&desired, load);
        if load == Load::Lazy {
            self.loader.prepare().await;
        }
        let placed = join_all(desired.apps.iter().cloned().map(|spec| {
            let this = Arc::clone(self);
            // A task each, so that they are loaded side by side.
            tokio::spawn(async move { this.place(Arc::new(spec), load).await })
        }));
        let mut slots = BTreeMap::new();
        let mut refused = Vec::new();
        for placed in placed.await {
            let (slot, result) = placed.expect("placing an app does not panic");
            if let Err(error) = result {
                refused.push((slot.name.clone(), error));
            }
            slots.insert(slot.name.clone(), slot);
        }
        let routes = routes(&slots, &desired).map_err(ApplyError::Conflict)?;
        self.routes.store(Arc::new(routes));
        self.slots.store(Arc::new(slots));
        if refused.is_empty() {
            Ok(())
        } else {
            Err(ApplyError::Apps(refused))
        }
    }

    /// An app's slot, new or as it was, and made to serve what is wanted.
    async fn place(
        self: &Arc<Self>,
        spec: Arc<AppSpec>,
        load: Load,
    ) -> (Arc<Slot>, Result<(), Refused>) {
        if let Some(slot) = self.slot(spec.name()) {
            let result = self.respecify(&slot, spec).await;
            return (slot, result);
        }
        let record = self.recorded(spec.name()).await;
        let slot = Arc::new(Slot::new(spec, record));
        let result = match load {
            Load::Eager => self.wake(&slot).await,
            Load::Lazy => Ok(()),
        };
        (slot, result)
    }

    fn load(&self, apps: usize) -> Load {
        self.options.load.unwrap_or(if apps <= EAGER_APPS_MAX {
            Load::Eager
        } else {
            Load::Lazy
        })
    }

    /// Makes room for the instances of apps.
    fn reserve(&self, desired: &Desired, load: Load) {
        let all = desired
            .apps
            .iter()
            .map(AppSpec::instances)
            .fold(0, usize::saturating_add);
        self.loader.reserve(match load {
            // While a release takes over, the one before may have as many.
            Load::Eager => all.saturating_mul(2),
            // Most of them are idle most of the time.
            Load::Lazy => all.min(LAZY_INSTANCES),
        });
    }

    /// The state folder, if the host has one.
    pub(crate) fn state(&self) -> Option<&Arc<State>> {
        self.state.as_ref()
    }

    /// Waits until nothing is written to the state folder, and keeps it so: another process is
    /// about to read it.
    pub async fn suspend(&self) {
        let guard = Arc::clone(&self.writing).write_owned().await;
        *self
            .suspended
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(guard);
    }

    /// Lets what waits be written: the folder is still this process's.
    pub fn resume(&self) {
        drop(
            self.suspended
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }

    /// What the state folder holds of an app.
    async fn recorded(&self, name: &str) -> Record {
        let Some(state) = self.state.clone() else {
            return Record::default();
        };
        let key = name.to_owned();
        let read = spawn_blocking(move || state.read(&key)).await;
        match read {
            Ok(Ok(record)) => record.unwrap_or_default(),
            Ok(Err(error)) => {
                tracing::error!(app = name, "its releases are not known: {error}");
                Record::default()
            }
            Err(error) => {
                tracing::error!(app = name, "its releases cannot be read: {error}");
                Record::default()
            }
        }
    }

    /// Where a request goes.
    pub(crate) fn find(&self, parts: &Parts) -> Option<Destination> {
        let routes = self.routes.load();
        let uri = &parts.uri;
        Some(
            match routes.find(target::host(parts), uri.path(), uri.query())? {
                Found::App {
                    value,
                    script_name_length,
                    parameters,
                } => Destination::App {
                    slot: Arc::clone(value),
                    script_name_length,
                    parameters,
                },
                Found::Redirect { status, location } => Destination::Redirect { status, location },
            },
        )
    }

    /// Who answers a request of this slot. Waits only if nothing of the app is loaded.
    pub(crate) async fn enter(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        parts: &Parts,
        remote: &Peer,
        now: Instant,
    ) -> Result<Entry, Error> {
        slot.touch(self.milliseconds(now));
        let picked = match slot.pick(&parts.headers, remote) {
            Some(picked) => picked,
            None => {
                self.wake_for_request(slot).await?;
                slot.pick(&parts.headers, remote).ok_or_else(|| {
                    Error::new(Kind::NotLoaded, "it was let go before it could answer")
                })?
            }
        };
        if let Some(ahead) = &picked.loaded.ahead {
            ahead.ready().await;
        }
        Ok(Entry {
            app: Arc::clone(&picked.loaded.entry),
            cookie: picked.cookie,
        })
    }

    /// Loads an app for a request, which waits for no longer than for an app's answer. The loading
    /// goes on without it.
    async fn wake_for_request(self: &Arc<Self>, slot: &Arc<Slot>) -> Result<(), Error> {
        let wall = slot.serving().spec.program.settings.limits.wall;
        // Limit: Limits::wall
        let why = match timeout(wall, self.wake(slot)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(refused)) => format!("it cannot be loaded: {refused}"),
            Err(_) => format!("it is being loaded, and was not within {wall:?}"),
        };
        Err(Error::new(Kind::NotLoaded, why))
    }

    /// A time on the server's clock.
    fn milliseconds(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.start);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// The app of this name.
    pub(crate) fn slot(&self, name: &str) -> Option<Arc<Slot>> {
        self.slots.load().get(name).cloned()
    }

    /// Every app, by name.
    pub(crate) fn slots(&self) -> Arc<BTreeMap<String, Arc<Slot>>> {
        self.slots.load_full()
    }

    /// Remembers why what the operator wants was refused, and logs it.
    fn refuse(&self, why: String) {
        tracing::error!("what is served stays as it was: {why}");
        *self.trouble_lock() = Some(Trouble::new(why, Duration::ZERO));
    }

    /// What the operator wants is served.
    fn forget_trouble(&self) {
        *self.trouble_lock() = None;
    }

    fn trouble_lock(&self) -> std::sync::MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Instances for which there is room at first if apps are loaded when they are asked for.
const LAZY_INSTANCES: usize = 1_024;

fn routes(
    slots: &BTreeMap<String, Arc<Slot>>,
    desired: &Desired,
) -> Result<Routes<Arc<Slot>>, Box<Conflict>> {
    let mut apps = Vec::new();
    for slot in slots.values() {
        for route in &slot.serving().spec.routes {
            apps.push((route.clone(), Arc::clone(slot)));
        }
    }
    let default = desired.default.as_ref().and_then(|name| slots.get(name));
    Routes::build(apps, desired.redirects.clone(), default.cloned())
}

/// Runs a future to its end, whether or not whoever waits for it goes away.
async fn to_the_end<T: Send + 'static>(
    future: impl Future<Output = Result<T, Refused>> + Send + 'static,
) -> Result<T, Refused> {
    tokio::spawn(future)
        .await
        .unwrap_or_else(|error| Err(Refused::Host(format!("the host failed: {error}"))))
}
