//! One app's place: which release answers its requests.
//!
//! Owns what a request looks at. What decides that another release is to answer is in `changes`.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use http::{HeaderMap, HeaderValue};
use time::OffsetDateTime;
use tokio::time::Instant;
use wasgi_gateway::Peer;

use super::loader::Loaded;
use super::spec::AppSpec;
use crate::split::{Side, Splitter};
use crate::state::{Digest, Record, Split};

/// Time for which an app that could not be loaded is not tried again, at least, and in multiples of
/// the time that the try took: each may cost a compilation that others wait for, and anybody can
/// ask. A change of its files ends the wait.
const RETRY_AFTER: Duration = Duration::from_secs(10);
const RETRY_AFTER_TRIES: u32 = 20;

/// An app's place.
pub(crate) struct Slot {
    pub(crate) name: String,
    serving: ArcSwap<Serving>,
    /// Taken by whoever decides what is served. Requests do not take it while something is.
    pub(crate) changing: Arc<tokio::sync::Mutex<()>>,
    /// Taken by whoever writes to the state folder, in the order of the changes.
    pub(crate) keeping: Arc<tokio::sync::Mutex<()>>,
    /// What the state folder holds of the app; only in memory without one.
    record: ArcSwap<Record>,
    /// When a request last came, in milliseconds of the server's clock.
    used: AtomicU64,
    trouble: Mutex<Option<Trouble>>,
    /// A change of files waits to be looked at.
    pub(crate) is_stale: AtomicBool,
}

/// What is served.
#[derive(Clone)]
pub(crate) struct Serving {
    pub(crate) spec: Arc<AppSpec>,
    /// None: nobody has asked for it yet, or nothing could be loaded.
    pub(crate) active: Option<Arc<Release>>,
    pub(crate) split: Option<Arc<Splitting>>,
}

/// A second release that gets a part of the requests.
pub(crate) struct Splitting {
    pub(crate) release: Arc<Release>,
    pub(crate) rule: Split,
    splitter: Splitter,
}

/// A version of an app.
pub(crate) struct Release {
    pub(crate) digest: Digest,
    /// None: it was let go, or nobody has asked for it yet.
    loaded: ArcSwapOption<Loaded>,
    /// The state folder has its component, so that it can be let go.
    pub(crate) is_kept: AtomicBool,
}

/// Why the last change was refused.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    pub(crate) at: OffsetDateTime,
    pub(crate) since: Instant,
    /// Time for which it is not tried again.
    pub(crate) pause: Duration,
    /// What was to be served, and why it is not.
    pub(crate) why: String,
}

impl Trouble {
    /// What has just gone wrong, and took so long.
    pub(crate) fn new(why: String, took: Duration) -> Self {
        Self {
            at: OffsetDateTime::now_utc(),
            since: Instant::now(),
            // Limit: RETRY_AFTER
            pause: RETRY_AFTER.max(took * RETRY_AFTER_TRIES),
            why,
        }
    }
}

/// Who answers a request.
pub(crate) struct Picked {
    pub(crate) loaded: Arc<Loaded>,
    /// Makes the client stay with this release.
    pub(crate) cookie: Option<HeaderValue>,
}

impl Slot {
    /// A place in which nothing is loaded.
    pub(crate) fn new(spec: Arc<AppSpec>, record: Record) -> Self {
        Self {
            name: spec.name().to_owned(),
            serving: ArcSwap::from_pointee(Serving::nothing(spec)),
            changing: Arc::default(),
            keeping: Arc::default(),
            record: ArcSwap::from_pointee(record),
            used: AtomicU64::new(0),
            trouble: Mutex::default(),
            is_stale: AtomicBool::new(false),
        }
    }

    /// Who answers a request, if it is loaded.
    pub(crate) fn pick(&self, headers: &HeaderMap, remote: &Peer) -> Option<Picked> {
        let serving = self.serving.load();
        let active = serving.active.as_ref()?;
        let Some(splitting) = &serving.split else {
            return Some(Picked {
                loaded: active.loaded()?,
                cookie: None,
            });
        };
        let choice = splitting.splitter.choose(address(remote), headers);
        let release = match choice.side {
            Side::Old => active,
            Side::New => &splitting.release,
        };
        Some(Picked {
            loaded: release.loaded()?,
            cookie: choice.cookie,
        })
    }

    pub(crate) fn serving(&self) -> Arc<Serving> {
        self.serving.load_full()
    }

    /// From now on requests are answered by this.
    pub(crate) fn serve(&self, serving: Serving) {
        self.serving.store(Arc::new(serving));
    }

    pub(crate) fn record(&self) -> Arc<Record> {
        self.record.load_full()
    }

    pub(crate) fn set_record(&self, record: Record) {
        self.record.store(Arc::new(record));
    }

    /// A request came at this time.
    pub(crate) fn touch(&self, milliseconds: u64) {
        self.used.store(milliseconds, Ordering::Relaxed);
    }

    /// When the last request came.
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Remembers why a change was refused, and logs it.
    pub(crate) fn refuse(&self, why: String) {
        tracing::error!(app = self.name, "{why}");
        self.note_trouble(why, Duration::ZERO);
    }

    /// Remembers why it cannot be loaded, which whoever asked for it is told, and how long that
    /// took to find out.
    pub(crate) fn note_trouble(&self, why: String, took: Duration) {
        *self.trouble_lock() = Some(Trouble::new(why, took));
    }

    /// The last change went well.
    pub(crate) fn forget_trouble(&self) {
        *self.trouble_lock() = None;
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.trouble_lock().clone()
    }

    /// Why it cannot be loaded, if that was tried a moment ago.
    pub(crate) fn recent_trouble(&self) -> Option<String> {
        let trouble = self.trouble_lock();
        let recent = trouble
            .as_ref()
            .filter(|trouble| trouble.since.elapsed() < trouble.pause);
        recent.map(|trouble| trouble.why.clone())
    }

    fn trouble_lock(&self) -> std::sync::MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Serving {
    /// Nothing is loaded.
    pub(crate) fn nothing(spec: Arc<AppSpec>) -> Self {
        Self {
            spec,
            active: None,
            split: None,
        }
    }

    /// One release takes all requests.
    pub(crate) fn one(spec: Arc<AppSpec>, release: Arc<Release>) -> Self {
        Self {
            active: Some(release),
            ..Self::nothing(spec)
        }
    }

    /// The releases that answer requests.
    pub(crate) fn releases(&self) -> impl Iterator<Item = &Arc<Release>> {
        let split = self.split.as_ref().map(|splitting| &splitting.release);
        self.active.iter().chain(split)
    }

    /// Whether every request can be answered at once.
    pub(crate) fn is_loaded(&self) -> bool {
        self.active.is_some() && self.releases().all(|release| release.loaded().is_some())
    }
}

impl Splitting {
    /// Gives a release a share of what the active one would get.
    pub(crate) fn new(
        active: Digest,
        release: Arc<Release>,
        rule: Split,
        spec: &AppSpec,
    ) -> Arc<Self> {
        let route = spec.routes.first();
        let mount = route.map_or("", |route| route.path.script_name());
        let ids = [active, release.digest].map(|digest| digest.release_id().to_string());
        let splitter = Splitter::new(
            rule.sticky,
            rule.percent,
            spec.name(),
            mount,
            [&ids[0], &ids[1]],
        );
        Arc::new(Self {
            release,
            rule,
            splitter,
        })
    }

    /// The same with another share: clients that stay with a release do so as far as that allows.
    pub(crate) fn with(&self, release: Arc<Release>, rule: Split) -> Arc<Self> {
        Arc::new(Self {
            release,
            rule,
            splitter: self.splitter.with(rule.sticky, rule.percent),
        })
    }
}

/// The client's address; the same one for all that have none.
fn address(remote: &Peer) -> IpAddr {
    let parsed = remote.address.parse();
    parsed.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

impl Release {
    /// A release that is loaded, or not yet.
    pub(crate) fn new(digest: Digest, loaded: Option<Loaded>, is_kept: bool) -> Arc<Self> {
        Arc::new(Self {
            digest,
            loaded: ArcSwapOption::new(loaded.map(Arc::new)),
            is_kept: AtomicBool::new(is_kept),
        })
    }

    pub(crate) fn loaded(&self) -> Option<Arc<Loaded>> {
        self.loaded.load_full()
    }

    pub(crate) fn set_loaded(&self, loaded: Loaded) {
        self.loaded.store(Some(Arc::new(loaded)));
    }

    /// Lets it go: the next request loads it again. Requests under way go on.
    pub(crate) fn unload(&self) -> Option<Arc<Loaded>> {
        self.loaded.swap(None)
    }
}
