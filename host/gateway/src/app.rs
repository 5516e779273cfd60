//! An app: a component with its settings, and how it answers a request.
//!
//! Owns the order of things: admit, take or make an instance, call, check, keep or end the
//! instance. Must not know how a contract's calls look.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{Request, Response};
use tokio::time::Instant;
use wasmtime::Store;

use crate::account::Account;
use crate::admission::Admission;
use crate::body::Body;
use crate::call::Call;
use crate::contract::{Program, cgi, http02, http03};
use crate::crypto::Kdf;
use crate::error::{BoxError, Error, Kind, LoadError};
use crate::gateway::Component;
use crate::input::{self, Stream};
use crate::inspect::Contract;
use crate::instance::{Live, Pool};
use crate::lane::Lanes;
use crate::log::Rate;
use crate::meter::Meter;
use crate::outbound::Outbound;
use crate::request::Origin;
use crate::settings::{AppSettings, Isolation, Reuse};
use crate::sql::Sql;
use crate::state::{self, State};
use crate::tmp::Root;
use crate::wasi::Devices;
use crate::{pull, push};

/// A component with its settings.
pub struct App {
    program: Program,
    pub(crate) settings: Arc<AppSettings>,
    pub(crate) lanes: Arc<Lanes>,
    /// What its guests use of the CPU.
    pub(crate) account: Arc<Account>,
    engine: wasmtime::Engine,
    admission: Admission,
    pool: Pool,
    /// The instances that requests share.
    pub(crate) shared: http03::Pool,
    rate: Arc<Rate>,
    /// What its guests may use that whoever embeds the gateway provides.
    grants: Grants,
    /// Derives keys for its guests. None: they may have none.
    kdf: Option<Arc<Kdf>>,
    /// Where its instances' folders lie that they find as `/tmp`.
    tmp: Option<Arc<Root>>,
    /// The folder that programs find as `/dev`.
    devices: Option<Arc<Devices>>,
    /// What a middleware wraps. None: it is no middleware.
    next: Option<Arc<Self>>,
    /// The middleware from here inwards.
    depth: usize,
}

/// What whoever embeds the gateway does for the guests of one app. What is none is denied to them.
#[derive(Clone, Default)]
pub struct Grants {
    /// Sends the requests that they make.
    pub outbound: Option<Arc<dyn Outbound>>,
    /// Holds their databases.
    pub sql: Option<Arc<dyn Sql>>,
}

/// Middleware that one request passes through, one around the other: each has an instance alive
/// for as long as those within it.
pub const MIDDLEWARE_MAX: usize = 16;

impl App {
    /// Makes an app of a component. What is not in `grants` is denied to its guests. `next` is the
    /// app that a middleware wraps: what it imports as `wasgi:gateway/app` calls that one, with its
    /// own instances, limits and capabilities.
    ///
    /// Apps of one name share what one app gets of the CPU; the weight of the last one holds.
    ///
    /// Fails if a folder that the settings grant cannot be opened or made, if a middleware has nothing to
    /// wrap or another app has something, and if more than [`MIDDLEWARE_MAX`] middleware stand one
    /// before the other.
    pub fn new(
        component: &Component,
        settings: AppSettings,
        grants: Grants,
        next: Option<Arc<Self>>,
    ) -> Result<Arc<Self>, LoadError> {
        let depth = check_next(component, &settings.name, next.as_deref())?;
        for dir in &settings.dirs {
            std::fs::read_dir(&dir.host).map_err(|error| {
                let (name, path) = (&settings.name, dir.host.display());
                LoadError::new(format!("cannot grant the folder {path} to {name}: {error}"))
                    .with_hint("make the folder, or correct `host` in its `[[app.dir]]`")
            })?;
        }
        let outbound = grants.outbound.as_deref();
        if outbound.is_some_and(Outbound::grants_sockets) {
            component.check_sockets(&settings.name)?;
        }
        let granted = settings.tmp.map(|_| component.tmp(&settings.name));
        let tmp = granted.transpose()?;
        let accounts = component.lanes.ticker.accounts();
        let account = accounts.open(&settings.name, settings.weight);
        let kdf = || Arc::new(Kdf::new(&component.lanes, &account, &settings.limits));
        let kdf = settings.crypto.then(kdf);
        Ok(Arc::new(Self {
            program: component.program.clone(),
            admission: Admission::new(&settings.limits),
            settings: Arc::new(settings),
            lanes: Arc::clone(&component.lanes),
            account,
            engine: component.engine.clone(),
            pool: Pool::default(),
            shared: http03::Pool::default(),
            rate: Arc::new(Rate::new()),
            grants,
            kdf,
            tmp,
            devices: component.devices.clone(),
            next,
            depth,
        }))
    }

    /// The app's settings.
    pub fn settings(&self) -> &AppSettings {
        &self.settings
    }

    /// The app that this one wraps, if it is a middleware.
    pub fn next(&self) -> Option<&Arc<Self>> {
        self.next.as_ref()
    }

    /// Answers a request.
    ///
    /// The guest runs while the returned future and then the response's body are polled; dropping
    /// either ends it. A request body that fails with [`std::io::ErrorKind::InvalidData`] is not
    /// valid HTTP; one that fails otherwise will not be complete.
    pub async fn call<B>(
        self: &Arc<Self>,
        request: Request<B>,
        origin: Origin,
    ) -> Result<Response<Body>, Error>
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let deadline = Instant::now() + self.settings.limits.wall;
        let (parts, body) = request.into_parts();
        self.check_length(&parts)?;
        let permit = self.admission.admit().await?;
        let kept = self.kept().await;
        let meter = kept.as_ref().map_or_else(Arc::default, Live::meter);
        let call = Call {
            app: Arc::clone(self),
            parts,
            stream: Stream::new(input::boxed(body), &self.settings.limits),
            origin,
            meter,
            permit,
            kept,
        };
        match &self.program {
            Program::Native(native) => pull::answer(native, call, deadline).await,
            Program::Http02(http) => {
                let http = Arc::clone(http);
                push::answer(call, deadline, |call, reply| {
                    http02::serve(http, call, reply)
                })
                .await
            }
            Program::Http03(http) => {
                let http = Arc::clone(http);
                match self.reuse().copied() {
                    None => {
                        let serve = |call, reply| http03::serve(http, call, reply);
                        push::answer(call, deadline, serve).await
                    }
                    Some(bounds) => {
                        let share = |call, reply| http03::share(http, call, bounds, reply);
                        push::answer(call, deadline, share).await
                    }
                }
            }
            Program::Command(command) => {
                let command = Arc::clone(command);
                push::answer(call, deadline, |call, reply| {
                    cgi::serve(command, call, reply)
                })
                .await
            }
        }
    }

    /// An instance that has served other requests, if this one may have it.
    async fn kept(&self) -> Option<Live> {
        let bounds = self.reuse()?;
        let kept = self.pool.take(bounds);
        // The request itself is one of those that run.
        let is_other_busy = || self.admission.running() > 1;
        if kept.is_none() && !bounds.patience.is_zero() && is_other_busy() {
            return self.pool.wait(bounds).await;
        }
        kept
    }

    /// The same app without an instance: what its instances read when they begin has changed.
    /// Those that serve requests go on. `next` is what it wraps, if it is a middleware.
    pub fn renewed(&self, next: Option<Arc<Self>>) -> Arc<Self> {
        Arc::new(Self {
            program: self.program.clone(),
            admission: Admission::new(&self.settings.limits),
            settings: Arc::clone(&self.settings),
            lanes: Arc::clone(&self.lanes),
            account: Arc::clone(&self.account),
            engine: self.engine.clone(),
            pool: Pool::default(),
            shared: http03::Pool::default(),
            rate: Arc::clone(&self.rate),
            grants: self.grants.clone(),
            kdf: self.kdf.clone(),
            tmp: self.tmp.clone(),
            devices: self.devices.clone(),
            next,
            depth: self.depth,
        })
    }

    /// Whether the next request finds no instance: none waits, and none is busy.
    pub fn is_vacant(&self) -> bool {
        self.pool.is_empty() && self.admission.running() == 0
    }

    /// Ends the reused instances that have waited for too long, its own and those of what it wraps.
    /// To be called now and then.
    pub fn sweep(&self) {
        if let Some(next) = &self.next {
            next.sweep();
        }
        if let Some(bounds) = self.reuse() {
            self.pool.sweep(bounds);
            self.shared.sweep(bounds);
        }
    }

    /// How long instances are kept, if they are.
    fn reuse(&self) -> Option<&Reuse> {
        match &self.settings.isolation {
            Isolation::Request => None,
            Isolation::Reuse(bounds) => Some(bounds),
        }
    }

    /// Whether a response may be a [`LocalRedirect`](crate::LocalRedirect), which the server follows.
    pub fn redirects_locally(&self) -> bool {
        matches!(self.program, Program::Command(_))
    }

    /// Bytes of log output that were dropped since they were last told of.
    pub fn take_dropped_log(&self) -> u64 {
        self.rate.take_dropped()
    }

    /// Refuses a body whose length alone is too much.
    fn check_length(&self, parts: &Parts) -> Result<(), Error> {
        let length = parts
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok());
        let limit = self.settings.limits.request_body;
        match length.and_then(|digits| digits.parse::<u64>().ok()) {
            // Limit: Limits::request_body
            Some(length) if length > limit => Err(Error::new(
                Kind::BodyTooLarge,
                format!("the request's body has {length} bytes: expected at most {limit}"),
            )),
            _ => Ok(()),
        }
    }

    /// Makes a store for an instance.
    pub(crate) fn store(&self, meter: Arc<Meter>) -> Store<State> {
        let shared = state::Shared {
            settings: Arc::clone(&self.settings),
            rate: Arc::clone(&self.rate),
            grants: self.grants.clone(),
            kdf: self.kdf.clone(),
            tmp: self.tmp.clone(),
            devices: self.devices.clone(),
        };
        state::store(&self.engine, &self.lanes.ticker, shared, meter)
    }

    /// Keeps an instance that has served its request, or ends it.
    pub(crate) fn release(&self, mut live: Live) {
        live.store.data_mut().end();
        if let Some(bounds) = self.reuse() {
            live.permit = None;
            self.pool.keep(live, bounds);
        }
    }
}

/// Checks that a middleware has something to wrap and no other app has. Returns how many middleware
/// there are from here inwards.
fn check_next(component: &Component, name: &str, next: Option<&App>) -> Result<usize, LoadError> {
    match (component.is_middleware(), next) {
        (false, None) => Ok(0),
        // Limit: MIDDLEWARE_MAX
        (true, Some(next)) if next.depth < MIDDLEWARE_MAX => Ok(next.depth + 1),
        (true, Some(_)) => Err(LoadError::new(format!(
            "cannot put {name} before so many middleware: expected at most {MIDDLEWARE_MAX}"
        ))
        .with_hint("join some of them to one component, or leave some out")),
        (true, None) => Err(LoadError::new(format!(
            "cannot serve {name} by itself: it is a middleware, which wraps another app"
        ))
        .with_hint("name it in `middleware = [...]` of an `[[app]]`")),
        (false, Some(next)) => Err(LoadError::new(format!(
            "cannot put {name} before {}: it is no middleware, because it does not import {}",
            next.settings.name,
            Contract::Gateway.interface()
        ))
        .with_hint("build it for the world `middleware`, or serve it as an app of its own")),
    }
}
